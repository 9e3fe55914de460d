// Agents inside their actor, on a device that answers by rule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/agent_actor.hpp"
#include "tests/agents/fake_device.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

class agent_actor_test : public fake_device_test {
protected:
  static agent_spec spec(const std::string& kind) {
    agent_spec made;
    made.name = "critic";
    made.kind = kind;
    made.model = "main";
    made.system = "Be {{manner}}.";
    made.steps = 7;
    made.max_new_tokens = 33;
    made.stop = {"END"};
    made.time_limit = 2.5;
    return made;
  }

  static hop_input input(const std::string& prompt, const std::string& id = "t1") {
    auto made = std::make_shared<task>();
    made->id = id;
    made->fields = {{"question", "6 x 7?"}, {"manner", "kind"}};
    made->run_seed = 42;
    made->place = 17;
    hop_input hop;
    hop.task = made;
    hop.prompt = std::make_shared<prompt_template>(prompt);
    return hop;
  }

  agent_actor start(const agent_spec& made) { return start_agent(system_, kinds_, made, device_); }

  void stop(const agent_actor& actor) { self_->send_exit(actor, caf::exit_reason::user_shutdown); }
};

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

class throwing_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    if (hop.task().id == "bad")
      throw std::runtime_error("I cannot do 'bad'");
    try {
      co_await hop.generate();
    } catch (const request_failed& failed) {
      co_return output{std::string("caught: ") + failed.what(), {}};
    }
    co_return output{hop.text_of("nobody"), {}};
  }
};

TEST_F(agent_actor_test, an_exception_is_the_reason_of_its_task) {
  kinds_.add<throwing_agent>("throwing");
  auto actor = start(spec("throwing"));
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go", "bad"))), "I cannot do 'bad'");
  EXPECT_THAT(std::get<std::string>(ask(actor, input("Go", "good"))), HasSubstr("agents that have one: none"));
  log_->rule = [](const std::string&) { return make_error(error_code::internal, "broken"); };
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go", "good"))).output.text, "caught: broken");
  stop(actor);
}

TEST_F(agent_actor_test, a_failure_keeps_its_code) {
  kinds_.add<throwing_agent>("throwing");
  auto own = start(spec("throwing"));
  EXPECT_EQ(code_of(own, input("Go", "bad")), "agent_failed");
  EXPECT_EQ(code_of(own, input("{{nothing}}", "good")), "bad_request") << "the record has no such field";
  auto generating = start(spec("generate"));
  for (const auto& entry : error_codes) {
    log_->rule = [&](const std::string&) { return make_error({entry.code, "why"}); };
    EXPECT_EQ(code_of(generating, input("Go")), entry.name) << "of the device";
  }
  auto alone = start_agent(system_, kinds_, spec("generate"), device_actor{});
  EXPECT_EQ(code_of(alone, input("Go")), "bad_request");
  for (const auto& one : {own, generating, alone})
    stop(one);
}

// Goes on with what it has where the device took too long, and with nothing else.
class patient_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    try {
      co_await hop.generate();
    } catch (const request_failed& failed) {
      if (failed.code() != error_code::time_limit)
        throw;
    }
    co_return output{"what it has", {}};
  }
};

TEST_F(agent_actor_test, an_agent_tells_a_time_out_from_a_context_that_is_too_long) {
  kinds_.add<patient_agent>("patient");
  auto actor = start(spec("patient"));
  log_->rule = [](const std::string&) { return make_error(error_code::time_limit, "late"); };
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "what it has");
  log_->rule = [](const std::string&) { return make_error(error_code::context_too_long, "long"); };
  EXPECT_EQ(code_of(actor, input("Go")), "context_too_long");
  stop(actor);
}

class plain_agent : public agent {
public:
  eventually<output> run(avp::hop&) override { throw std::runtime_error("no coroutine"); }
};

TEST_F(agent_actor_test, an_exception_before_the_coroutine_is_a_reason_too) {
  kinds_.add<plain_agent>("plain");
  auto actor = start(spec("plain"));
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go"))), "no coroutine");
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go"))), "no coroutine"); // it lives
  stop(actor);
}

class number_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    co_await hop.generate();
    throw 42;
  }
};

TEST_F(agent_actor_test, whatever_is_thrown_is_a_reason) {
  kinds_.add<number_agent>("number");
  auto actor = start(spec("number"));
  for (int i = 0; i < 2; ++i) // it lives
    EXPECT_EQ(std::get<std::string>(ask(actor, input("Go"))), "something was thrown that is no std::exception");
  stop(actor);
}

struct never {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<>) const {}
  void await_resume() const {}
};

class silent_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    if (hop.task().id == "waits")
      co_await never();
    if (hop.task().id == "blocks")
      std::this_thread::sleep_for(std::chrono::seconds(4));
    co_await hop.generate();
    co_return output{"fine", {}};
  }
};

TEST_F(agent_actor_test, a_hop_that_does_not_go_on_fails_by_its_time_limit) {
  kinds_.add<silent_agent>("silent");
  auto limited = spec("silent");
  limited.time_limit = 1;
  auto actor = start(limited);
  EXPECT_EQ(std::get<std::string>(ask(actor, input("Go", "waits"))),
            "the agent has not gone on for 1 s, which is as long as its time_limit lets it");
  EXPECT_EQ(code_of(actor, input("Go", "waits")), "time_limit");
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "fine"); // it lives
  stop(actor);
}

TEST_F(agent_actor_test, an_agent_that_keeps_its_thread_is_given_up) {
  kinds_.add<silent_agent>("silent");
  auto limited = spec("silent");
  limited.time_limit = 1;
  auto actor = start(limited);
  self_->monitor(actor);
  self_->send(actor, input("Go", "blocks"));
  self_->receive(
      [](const caf::down_msg& down) {
        EXPECT_EQ(failure_of(down.reason).code, error_code::time_limit);
        EXPECT_EQ(text_of(down.reason),
                  "the agent has not come back for 1 s, which is as long as its time_limit lets it");
      },
      caf::after(std::chrono::seconds(20)) >> [] { FAIL() << "it is still there"; });
}

// A device that is slow is not the agent's fault: its own limit counts from when a request starts to run.
TEST_F(agent_actor_test, waiting_for_the_device_is_not_limited) {
  kinds_.add<silent_agent>("silent");
  auto limited = spec("silent");
  limited.time_limit = 1;
  log_->rule = [](const std::string& message) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    return message;
  };
  auto actor = start(limited);
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "fine");
  stop(actor);
}

TEST_F(agent_actor_test, an_agent_that_ends_cancels_what_it_asked_for) {
  log_->hang = true;
  auto actor = start(spec("think"));
  self_->send(actor, input("Go"));
  while (true) {
    const std::lock_guard lock(log_->mutex);
    if (!log_->thought.empty())
      break;
  }
  self_->monitor(actor);
  self_->send_exit(actor, caf::exit_reason::kill);
  self_->receive([](const caf::down_msg&) {});
  for (int i = 0; i < 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::lock_guard lock(log_->mutex);
    if (!log_->cancelled.empty())
      break;
  }
  EXPECT_THAT(log_->cancelled, ElementsAre(log_->thought[0].id));
}

TEST_F(agent_actor_test, without_a_device_a_request_fails_with_advice) {
  auto actor = start_agent(system_, kinds_, spec("think"), device_actor{});
  EXPECT_THAT(std::get<std::string>(ask(actor, input("Go"))), HasSubstr("no model to ask"));
  stop(actor);
}

class choosy_agent : public agent {
public:
  explicit choosy_agent(const agent_spec& spec) {
    if (!spec.options.contains("colour"))
      throw std::runtime_error("agent '" + spec.name + "' needs [agent." + spec.name + ".options] colour");
  }
  eventually<output> run(avp::hop&) override { co_return output{"ok", {}}; }
};

TEST_F(agent_actor_test, a_constructor_may_refuse_its_options) {
  kinds_.add<choosy_agent>("choosy");
  EXPECT_THROW(start(spec("choosy")), std::runtime_error);
  auto fine = spec("choosy");
  fine.options["colour"] = "red";
  auto actor = start(fine);
  EXPECT_EQ(std::get<hop_output>(ask(actor, input("Go"))).output.text, "ok");
  stop(actor);
}

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
