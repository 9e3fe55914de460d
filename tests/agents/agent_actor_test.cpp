// What agents ask of their device, and what they hand on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agents/agent_actor_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(agent_actor_test, think_asks_for_latent_steps_on_the_context_that_came) {
  auto actor = start(spec("think"));
  auto hop = input("Plan: {{question}}");
  hop.contexts = {context_of("before")};
  auto output = std::get<hop_output>(ask(actor, hop));
  ASSERT_EQ(log_->thought.size(), 1U);
  const auto& asked = log_->thought[0];
  EXPECT_EQ(asked.model, "main");
  EXPECT_EQ(asked.task, 17U);
  EXPECT_EQ(asked.label, "critic");
  EXPECT_EQ(asked.steps, 7);
  EXPECT_EQ(asked.time_limit, 2.5);
  EXPECT_EQ(asked.messages.at(0).role, "system");
  EXPECT_EQ(asked.messages.at(0).content.text(), "Be kind.");
  EXPECT_EQ(asked.messages.at(1).content.text(), "Plan: 6 x 7?");
  EXPECT_EQ(output.output.text, "");
  EXPECT_EQ(text_in(output.output.context), "before|Plan: 6 x 7?");
  EXPECT_EQ(output.counts.prompt_tokens, 10);
  stop(actor);
}

TEST_F(agent_actor_test, think_answers_where_its_text_is_needed) {
  auto actor = start(spec("think"));
  auto hop = input("Plan");
  hop.makes_text = true;
  EXPECT_EQ(std::get<hop_output>(ask(actor, hop)).output.text, "<Plan>");
  EXPECT_TRUE(log_->thought.empty());
  stop(actor);
}

TEST_F(agent_actor_test, generate_hands_on_text_and_context) {
  auto actor = start(spec("generate"));
  auto hop = input("{{planner}}: {{question}}");
  hop.texts = {{"planner", "a plan with {{question}} in it"}};
  std::string words;
  hop.on_text = [&](std::string_view text) { words += text; };
  auto output = std::get<hop_output>(ask(actor, hop));
  EXPECT_EQ(output.output.text, "<a plan with {{question}} in it: 6 x 7?>"); // never expanded again
  EXPECT_EQ(words, "words");
  const auto& asked = log_->generated.at(0);
  EXPECT_EQ(asked.task, 17U);
  EXPECT_EQ(asked.label, "critic");
  EXPECT_EQ(asked.max_new_tokens, 33);
  EXPECT_THAT(asked.stop, ElementsAre("END"));
  EXPECT_EQ(output.counts.output_tokens, 5);
  stop(actor);
}

TEST_F(agent_actor_test, every_request_has_a_seed_of_its_own_that_stays) {
  auto actor = start(spec("generate"));
  for (const auto* id : {"t1", "t1", "t2"})
    ask(actor, input("Go", id));
  auto other = spec("generate");
  other.seed = 43;
  auto second = start(other);
  ask(second, input("Go", "t1"));
  const auto& asked = log_->generated;
  EXPECT_EQ(asked[0].seed, asked[1].seed);
  EXPECT_NE(asked[0].seed, asked[2].seed);
  EXPECT_NE(asked[0].seed, asked[3].seed);
  stop(actor);
  stop(second);
}

TEST_F(agent_actor_test, a_task_may_bring_settings_of_its_own) {
  auto actor = start(spec("generate"));
  auto hop = input("Go");
  hop.asked.max_new_tokens = 4;
  hop.asked.sampling.temperature = 0.25F;
  hop.asked.sampling.top_k = 9;
  hop.asked.stop = {"MORE"};
  ask(actor, hop);
  ask(actor, input("Go"));
  hop.asked.seed = 43;
  ask(actor, hop);
  const auto& asked = log_->generated;
  EXPECT_EQ(asked[0].max_new_tokens, 4);
  EXPECT_EQ(asked[0].sampling.temperature, 0.25F);
  EXPECT_EQ(asked[0].sampling.top_k, 9);
  EXPECT_EQ(asked[0].sampling.top_p, std::nullopt) << "left to the model";
  EXPECT_THAT(asked[0].stop, ElementsAre("END", "MORE"));
  EXPECT_EQ(asked[1].max_new_tokens, 33);
  EXPECT_THAT(asked[1].stop, ElementsAre("END"));
  EXPECT_EQ(asked[0].seed, asked[1].seed);
  EXPECT_NE(asked[0].seed, asked[2].seed);
  auto thinker = start(spec("think"));
  hop = input("Think");
  hop.asked.steps = 2;
  ask(thinker, hop);
  EXPECT_EQ(log_->thought.at(0).steps, 2);
  stop(actor);
  stop(thinker);
}

TEST_F(agent_actor_test, a_hop_tells_why_its_answer_ended) {
  auto actor = start(spec("generate"));
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).finish, finish_reason::end_of_turn);
  log_->finish = finish_reason::length;
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).finish, finish_reason::length);
  stop(actor);
  auto several = start(spec("vote"));
  EXPECT_EQ(std::get<hop_output>(ask(several, input("Go"))).finish, finish_reason::length);
  stop(several);
}

TEST_F(agent_actor_test, a_missing_variable_fails_the_task_only) {
  auto actor = start(spec("generate"));
  EXPECT_THAT(std::get<std::string>(ask(actor, input("{{nothing}}"))), HasSubstr("{{nothing}}"));
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("fine"))).output.text, "<fine>");
  stop(actor);
}

TEST_F(agent_actor_test, a_refused_request_fails_the_task_with_the_reason) {
  log_->rule = [](const std::string&) { return make_error(error_code::context_too_long, "too long: 9 of 5"); };
  auto actor = start(spec("think"));
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go"))), "too long: 9 of 5");
  stop(actor);
}

// Two requests in a row: the second goes on from the first. Then what the agent gives is its own.
class twice_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    co_await hop.think("first", 0);
    auto answer = co_await hop.generate("second");
    co_return output{answer.text + " " + hop.incoming_text(), hop.context()};
  }
};

TEST_F(agent_actor_test, requests_of_a_hop_continue_one_another) {
  kinds_.add<twice_agent>("twice");
  auto actor = start(spec("twice"));
  auto hop = input("unused");
  hop.from = {"b", "skipped", "a", "silent"};
  hop.texts = {{"a", "A"}, {"b", "B"}, {"c", "C"}, {"skipped", ""}};
  auto output = std::get<hop_output>(ask(actor, hop));
  EXPECT_EQ(text_in(output.output.context), "first|second|<second>");
  EXPECT_EQ(output.output.text, "<second> B\n\nA"); // in the order of the flow
  EXPECT_EQ(output.counts.prompt_tokens, 20);
  stop(actor);
}

class sampling_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    auto results = co_await hop.samples(3, true);
    const auto shared = text_in(hop.context());
    co_return output{shared + " " + std::to_string(results.size()), results.back().context};
  }
};

TEST_F(agent_actor_test, samples_share_one_reading_and_differ_by_seed) {
  kinds_.add<sampling_agent>("sampling");
  auto actor = start(spec("sampling"));
  const auto output = std::get<hop_output>(ask(actor, input("Go")));
  EXPECT_EQ(output.output.text, "Go 3");
  EXPECT_EQ(text_in(output.output.context), "Go|<Go>");
  EXPECT_EQ(output.counts.prompt_tokens, 10) << "read once";
  EXPECT_EQ(output.counts.output_tokens, 15);
  ASSERT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(log_->thought[0].steps, 0);
  std::set<std::uint64_t> seeds;
  for (const auto& asked : log_->generated) {
    EXPECT_TRUE(asked.messages.empty());
    EXPECT_TRUE(asked.wants_certainty);
    EXPECT_EQ(text_in(asked.context), "Go");
    seeds.insert(asked.seed);
  }
  EXPECT_EQ(seeds.size(), 3U);
  log_->rule = [this](const std::string&) -> fake_log::answer { // the second sample fails
    if (log_->generated.size() == 5)
      return make_error(error_code::time_limit, "too slow");
    return "fine";
  };
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go"))), "too slow");
  stop(actor);
  auto alone = start_agent(system_, kinds_, spec("sampling"), device_actor{});
  EXPECT_THAT(std::get<std::string>(ask(alone, input("Go"))), HasSubstr("no model to ask"));
  stop(alone);
}

// Requests that fail at once, before the group is whole.
class hasty_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    std::vector<generate> requests{hop.request(hop.messages()), hop.request(hop.messages(), 1)};
    auto results = co_await hop.together(std::move(requests));
    co_return output{std::to_string(results.size()), {}};
  }
};

TEST_F(agent_actor_test, a_group_may_fail_at_once) {
  kinds_.add<hasty_agent>("hasty");
  auto alone = start_agent(system_, kinds_, spec("hasty"), device_actor{});
  EXPECT_THAT(std::get<std::string>(ask(alone, input("Go"))), HasSubstr("no model to ask"));
  auto actor = start(spec("hasty"));
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "2");
  stop(alone);
  stop(actor);
}

TEST(registry, knows_what_ships_and_refuses_a_name_twice) {
  registry kinds;
  std::map<std::string, bool> answers;
  for (const auto& kind : kinds.kinds()) {
    answers[kind.name] = kind.answers;
    EXPECT_TRUE(kind.options.has_value()) << kind.name;
  }
  EXPECT_THAT(answers, ElementsAre(std::pair("best_of", true), std::pair("generate", true), std::pair("refine", true),
                                   std::pair("route", true), std::pair("think", false), std::pair("vote", true)));
  EXPECT_THROW(kinds.add<twice_agent>("think"), std::invalid_argument);
}

} // namespace
