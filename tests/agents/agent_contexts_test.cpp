// Contexts that agents join, cut and project.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agents/agent_actor_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(agent_actor_test, several_contexts_are_joined_before_the_agent_sees_them) {
  auto joining = spec("generate");
  auto actor = start(joining);
  auto hop = input("Go");
  hop.contexts = {context_of("b"), context_of("a")};
  EXPECT_EQ(text_in(std::get<hop_output>(ask(actor, hop)).output.context), "(b+a)|Go|<Go>");
  EXPECT_EQ(log_->joined.at(0).task, 17U);
  EXPECT_EQ(log_->joined[0].label, "critic");
  EXPECT_EQ(log_->joined[0].model, "main");
  EXPECT_EQ(log_->joined[0].time_limit, 2.5);
  joining.merge = join_way::canonical;
  auto canonical = start(joining);
  EXPECT_EQ(text_in(std::get<hop_output>(ask(canonical, hop)).output.context), "(a+b)|Go|<Go>");
  joining.rotate_keys = false;
  auto unmoved = start(joining);
  EXPECT_EQ(text_in(std::get<hop_output>(ask(unmoved, hop)).output.context), "~(a+b)|Go|<Go>");
  log_->rule = [](const std::string&) { return make_error(error_code::context_too_long, "too long together"); };
  EXPECT_EQ(std::get<std::string>(ask(actor, hop)), "too long together");
  for (const auto& one : {actor, canonical, unmoved})
    stop(one);
}

TEST_F(agent_actor_test, what_other_models_thought_is_scored_on_their_device_and_projected_on_its_own) {
  const auto far_log = std::make_shared<fake_log>();
  const auto far = start_fake_device(system_, far_log);
  auto actor = start_agent(system_, kinds_, spec("generate"), device_, {{"main", device_}, {"far", far}});
  auto hop = input("Go");
  hop.contexts = {context_of("a")};
  hop.foreign = {"far"};
  EXPECT_EQ(text_in(std::get<hop_output>(ask(actor, hop)).output.context), "{far a}|Go|<Go>");
  const auto& scored = far_log->scored.at(0);
  EXPECT_EQ(scored.model, "far");
  EXPECT_EQ(scored.task, 17U);
  EXPECT_EQ(scored.label, "critic");
  EXPECT_EQ(scored.time_limit, 2.5);
  const auto& projected = log_->projected.at(0);
  EXPECT_EQ(projected.model, "main");
  EXPECT_EQ(projected.temperature, 1);
  EXPECT_EQ(projected.pairing, pairing::bytes);
  EXPECT_TRUE(log_->scored.empty() && far_log->projected.empty() && log_->joined.empty());

  hop.contexts = {context_of("b"), context_of("a"), context_of("c")};
  hop.foreign = {"", "far", ""};
  EXPECT_EQ(text_in(std::get<hop_output>(ask(actor, hop)).output.context), "(b+{far a}+c)|Go|<Go>");

  log_->rule = [](const std::string&) { return make_error(error_code::bad_request, "no token in common"); };
  EXPECT_EQ(std::get<std::string>(ask(actor, hop)), "no token in common");
  stop(actor);
  self_->send_exit(far, caf::exit_reason::user_shutdown);
}

TEST_F(agent_actor_test, a_cut_hands_on_what_the_hop_added) {
  auto cutting = spec("think");
  cutting.keep = keep::last_agent;
  auto actor = start(cutting);
  auto hop = input("Go");
  hop.contexts = {context_of("before")};
  EXPECT_EQ(text_in(std::get<hop_output>(ask(actor, hop)).output.context), "before|Go") << "nobody continues on it";
  EXPECT_TRUE(log_->joined.empty());
  hop.hands_on = true;
  EXPECT_EQ(text_in(std::get<hop_output>(ask(actor, hop)).output.context), "*|Go");
  hop.contexts.push_back(context_of("b"));
  EXPECT_EQ(text_in(std::get<hop_output>(ask(actor, hop)).output.context), "*|Go") << "the join is not the hop's own";
  EXPECT_EQ(log_->joined.back().hop_begins, 10); // (before+b)
  hop.contexts = {};
  EXPECT_EQ(text_in(std::get<hop_output>(ask(actor, hop)).output.context), "*Go");

  cutting.keep = keep::latent_only;
  auto latent = start(cutting);
  EXPECT_EQ(text_in(std::get<hop_output>(ask(latent, hop)).output.context), "*Go");
  EXPECT_EQ(log_->joined.back().keep, keep::latent_only);
  hop.makes_text = true; // it answers, and makes no latent step
  EXPECT_EQ(std::get<hop_output>(ask(latent, hop)).output.context.body, nullptr);
  stop(actor);
  stop(latent);
}

TEST_F(agent_actor_test, a_thinker_writes_its_note_behind_its_steps) {
  auto noting = spec("think");
  noting.note = 16;
  noting.sampling.temperature = 0.5F;
  auto actor = start(noting);
  auto hop = input("Go");
  hop.contexts = {context_of("before")};
  hop.hands_on = true;
  hop.makes_text = true;
  hop.on_text = [](std::string_view) { ADD_FAILURE() << "a note is not streamed"; };
  const auto came = std::get<hop_output>(ask(actor, hop));
  ASSERT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(log_->thought[0].steps, 7);
  ASSERT_EQ(log_->generated.size(), 1U);
  const auto& asked = log_->generated[0];
  EXPECT_TRUE(asked.messages.empty()) << "nothing is read again";
  EXPECT_EQ(text_in(asked.context), "before|Go");
  EXPECT_EQ(asked.max_new_tokens, 16);
  EXPECT_EQ(asked.sampling.temperature, 0.5F);
  EXPECT_THAT(asked.stop, ElementsAre("END"));
  EXPECT_EQ(came.output.text, "<before|Go>");
  EXPECT_EQ(text_in(came.output.context), "before|Go|<before|Go>");
  EXPECT_EQ(came.counts.latent_steps, 7);
  EXPECT_EQ(came.counts.output_tokens, 5);
  const auto seed = asked.seed;
  (void)ask(actor, hop);
  EXPECT_EQ(log_->generated[1].seed, seed) << "the same task draws the same";
  hop.task = input("Go", "t2").task;
  (void)ask(actor, hop);
  EXPECT_NE(log_->generated[2].seed, seed);
  stop(actor);
}

TEST_F(agent_actor_test, a_note_alone_can_be_handed_on) {
  auto noting = spec("think");
  noting.note = 16;
  noting.keep = keep::note;
  auto actor = start(noting);
  auto hop = input("Go");
  hop.contexts = {context_of("before")};
  hop.hands_on = true;
  (void)ask(actor, hop);
  ASSERT_EQ(log_->joined.size(), 1U);
  EXPECT_EQ(log_->joined[0].keep, keep::note);
  EXPECT_EQ(log_->joined[0].hop_begins, 6); // before
  log_->rule = [](const std::string&) { return ""; };
  const auto silent = std::get<hop_output>(ask(actor, hop));
  EXPECT_EQ(silent.output.context.body, nullptr) << "its turn ended at once: nothing was written";
  EXPECT_EQ(log_->joined.size(), 1U);
  stop(actor);
}

// Hands on what it was given, or a context that does not go on from that.
class passing_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    co_return output{"", hop.task().id == "own" ? context_of("own") : hop.context()};
  }
};

TEST_F(agent_actor_test, a_cut_of_a_hop_that_added_nothing_hands_on_nothing) {
  kinds_.add<passing_agent>("passing");
  auto made = spec("passing");
  made.keep = keep::last_agent;
  auto actor = start(made);
  auto hop = input("Go");
  hop.contexts = {context_of("before")};
  hop.hands_on = true;
  EXPECT_EQ(std::get<hop_output>(ask(actor, hop)).output.context.body, nullptr);
  hop.task = input("Go", "own").task;
  EXPECT_EQ(text_in(std::get<hop_output>(ask(actor, hop)).output.context), "*own");
  stop(actor);
}

// Samples, of which the last one is handed on.

} // namespace
