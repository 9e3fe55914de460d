// Records, limits, scores.
#include <algorithm>
#include <thread>

#include "tests/runtime/os/sandbox_fixture.hpp"
#include "tests/runtime/run/batch_fixture.hpp"
#include "tests/runtime/score/misbehaving_scorer.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(batch_test, latent_mode_hands_contexts_on) {
  EXPECT_EQ(run(chain_of_three, mode::latent, R"({"id": "t", "q": "Q", "want": "c>"})"), "");
  ASSERT_EQ(results_.size(), 1U);
  const auto& result = results_[0];
  EXPECT_TRUE(result.ok()) << result.error;
  EXPECT_EQ(result.text, "<C>");
  EXPECT_EQ(result.score, 1.0);
  ASSERT_EQ(result.agents.size(), 3U);
  EXPECT_EQ(result.counts().prompt_tokens, 30);
  ASSERT_EQ(log_->generated.size(), 1U);
  EXPECT_EQ(text_in(log_->generated[0].context), "A Q|B"); // nothing is read twice
}

TEST_F(batch_test, thoughts_are_told_where_they_are_to_be_explained) {
  log_->warnings = {thought_warning::same_token};
  EXPECT_EQ(run(chain_of_three, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  const auto silent = results_.at(0);
  EXPECT_TRUE(silent.agents.at(0).thought.steps.empty());
  EXPECT_THAT(silent.agents[0].thought.warnings, ElementsAre(thought_warning::same_token));
  EXPECT_EQ(run(std::string(chain_of_three) + "\n[output]\nexplain = true\n", mode::latent, R"({"id": "t", "q": "Q"})"),
            "");
  const auto& told = results_.at(1);
  EXPECT_EQ(told.text, silent.text);
  EXPECT_EQ(static_cast<std::int64_t>(told.agents.at(0).thought.steps.size()), told.agents[0].counts.latent_steps);
  EXPECT_EQ(told.agents[0].thought.steps.at(0).tokens.at(0).text, "A Q");
  EXPECT_TRUE(told.agents.at(2).thought.empty()) << "it answers";
}

TEST_F(batch_test, a_note_is_handed_over_and_read_by_name) {
  const auto noting = R"(
flow = ["a -> b -> c"]
[model.main]
source = "smollm2-135m-instruct"
[agent.a]
kind = "think"
prompt = "A {{q}}"
note = 8
[agent.b]
kind = "think"
prompt = "B"
text_prompt = "B {{a}}"
[agent.c]
kind = "generate"
prompt = "C {{a}}"
text_prompt = "T {{a}} {{b}}"
)";
  EXPECT_EQ(run(noting, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(0).error, "");
  EXPECT_EQ(results_[0].text, "<C <A Q>>");
  EXPECT_EQ(results_[0].agents.at(0).kind, "think");
  EXPECT_EQ(results_[0].agents[0].text, "<A Q>");
  EXPECT_EQ(results_[0].agents[0].counts.output_tokens, 5);
  EXPECT_EQ(text_in(log_->generated.at(1).context), "A Q|<A Q>|B");
  EXPECT_EQ(run(noting, mode::text, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(1).agents.at(0).kind, "generate");
  EXPECT_EQ(log_->generated.at(2).max_new_tokens, 512) << "in text mode it answers in full";
}

TEST_F(batch_test, text_mode_hands_words_on_and_no_context) {
  EXPECT_EQ(run(chain_of_three, mode::text, R"({"id": "t", "q": "Q", "want": "zzz"})"), "");
  EXPECT_EQ(results_.at(0).text, "<C <A Q> <B <A Q>>>");
  EXPECT_EQ(results_[0].score, 0.0);
  for (const auto& asked : log_->generated)
    EXPECT_EQ(asked.context.body, nullptr);
  EXPECT_EQ(results_[0].agents[0].kind, "generate");
  EXPECT_EQ(results_[0].handed_over().context_tokens, 0);
}

TEST_F(batch_test, direct_mode_runs_the_answering_agent_alone) {
  EXPECT_EQ(run(chain_of_three, mode::direct, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(0).text, "<only Q>");
  EXPECT_EQ(results_[0].agents.size(), 1U);
  EXPECT_FALSE(results_[0].score.has_value()); // no field "want": run and not scored
}

TEST_F(batch_test, words_of_the_answer_stream) {
  start(chain_of_three, mode::latent, R"({"id": "t", "q": "Q"})", 1, true);
  EXPECT_EQ(collect(), "");
  EXPECT_THAT(words_, ElementsAre(std::pair("t", "words")));
}

TEST_F(batch_test, bad_lines_are_failed_tasks_and_the_run_goes_on) {
  EXPECT_EQ(run(chain_of_three, mode::direct,
                "{\"id\": 1, \"q\": \"x\"}\nno json\n{\"id\": 1, \"q\": \"again\"}\n{\"id\": 2, \"q\": "
                "\"y\"}\n{\"id\": 3}\n"),
            "");
  ASSERT_EQ(results_.size(), 5U);
  std::map<std::string, std::string> errors;
  for (const auto& result : results_)
    errors[result.task] = result.error;
  EXPECT_EQ(errors.at("1"), "");
  EXPECT_EQ(errors.at("2"), "");
  EXPECT_THAT(errors.at("line 2"), HasSubstr("JSON"));
  EXPECT_THAT(errors.at("line 3"), HasSubstr("1"));
  EXPECT_THAT(errors.at("3"), HasSubstr("{{q}}"));
}

TEST_F(batch_test, a_failed_hop_fails_its_task_with_agent_and_reason) {
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message == "A bad")
      return make_error(error_code::context_too_long, "too long");
    return "fine";
  };
  EXPECT_EQ(run(chain_of_three, mode::latent, "{\"id\": \"x\", \"q\": \"bad\"}\n{\"id\": \"y\", \"q\": \"good\"}", 2),
            "");
  ASSERT_EQ(results_.size(), 2U);
  for (const auto& result : results_) {
    EXPECT_EQ(result.error, result.task == "x" ? "agent 'a': too long" : "");
    EXPECT_EQ(result.error_code, result.task == "x" ? std::optional(error_code::context_too_long) : std::nullopt);
  }
}

TEST_F(batch_test, no_more_tasks_run_than_the_limit_allows) {
  log_->hang = true;
  std::string lines;
  for (int i = 0; i < 20; ++i)
    lines += "{\"id\": " + std::to_string(i) + ", \"q\": \"x\"}\n";
  auto run = start(chain_of_three, mode::latent, lines, 3);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  {
    const std::lock_guard lock(log_->mutex);
    EXPECT_EQ(log_->thought.size(), 3U);
  }
  self_->send_exit(device_, caf::exit_reason::kill); // a device that dies ends the run and every task says so
  EXPECT_THAT(collect(), HasSubstr("the device of model 'main' died"));
  ASSERT_EQ(results_.size(), 3U);
  for (const auto& result : results_)
    EXPECT_THAT(result.error, HasSubstr("device"));
}

TEST_F(batch_test, stopping_finishes_what_runs_and_starts_nothing_new) {
  std::atomic<bool> go = false;
  log_->rule = [&](const std::string& message) {
    while (!go)
      std::this_thread::yield();
    return message;
  };
  std::string lines;
  for (int i = 0; i < 20; ++i)
    lines += "{\"id\": " + std::to_string(i) + ", \"q\": \"x\"}\n";
  auto run = start(chain_of_three, mode::latent, lines, 2);
  self_->send(run, stop_batch{});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  go = true;
  EXPECT_EQ(collect(), "");
  EXPECT_LE(results_.size(), 2U);
  for (const auto& result : results_)
    EXPECT_TRUE(result.ok()) << result.error;
}

TEST_F(batch_test, a_dead_agent_is_restarted_and_only_its_tasks_fail) {
  log_->kill_after = "only kill";
  EXPECT_EQ(
      run(chain_of_three, mode::direct,
          "{\"id\": \"before\", \"q\": \"x\"}\n{\"id\": \"dies\", \"q\": \"kill\"}\n{\"id\": \"after\", \"q\": \"y\"}"),
      "");
  ASSERT_EQ(results_.size(), 3U);
  for (const auto& result : results_) {
    EXPECT_EQ(result.ok(), result.task != "dies") << result.error;
    if (result.task == "dies") {
      EXPECT_THAT(result.error, HasSubstr("agent 'c': the agent died while it had this task (kill)"));
      EXPECT_EQ(result.error_code, error_code::agent_failed);
    }
  }
}

TEST_F(batch_test, tasks_have_their_place_in_the_run) {
  first_place_ = 40;
  EXPECT_EQ(
      run(chain_of_three, mode::latent, "{\"id\": \"x\", \"q\": \"X\"}\nno task\n{\"id\": \"y\", \"q\": \"Y\"}", 5),
      "");
  EXPECT_THAT(places_, ElementsAre(std::pair("x", 40U), std::pair("y", 41U)));
  std::map<std::string, std::uint64_t> asked;
  for (const auto& one : log_->thought) {
    if (one.label == "a")
      asked[one.messages.back().content.text()] = one.task;
  }
  EXPECT_THAT(asked, ElementsAre(std::pair("A X", 40U), std::pair("A Y", 41U)));
  for (const auto& one : log_->generated)
    EXPECT_EQ(one.label, "c");
}

// As many as the limit allows even where they end in another order than they began.
TEST_F(batch_test, results_come_as_tasks_end_and_others_take_their_turn) {
  std::string lines;
  for (int i = 0; i < 200; ++i)
    lines += "{\"id\": " + std::to_string(i) + ", \"q\": \"" + std::to_string(i) + "\"}\n";
  EXPECT_EQ(run(chain_of_three, mode::latent, lines, 64), "");
  ASSERT_EQ(results_.size(), 200U);
  std::set<std::string> ids;
  for (const auto& result : results_) {
    EXPECT_TRUE(result.ok()) << result.error;
    ids.insert(result.task);
  }
  EXPECT_EQ(ids.size(), 200U);
}

class upper_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    auto text = hop.messages().back().content.text();
    std::transform(text.begin(), text.end(), text.begin(), ::toupper);
    co_return output{text, {}};
  }
};

TEST_F(batch_test, an_agent_of_ones_own_needs_no_model) {
  kinds_.add<upper_agent>("upper");
  EXPECT_EQ(run("flow = [\"m\"]\n[agent.m]\nkind = \"upper\"\nprompt = \"{{q}}\"\n", mode::latent,
                R"({"id": "t", "q": "abc"})"),
            "");
  EXPECT_EQ(results_.at(0).text, "ABC");
}

constexpr auto programmer = R"(
flow = ["a"]
[model.main]
source = "smollm2-135m-instruct"
[agent.a]
kind = "generate"
prompt = "{{program}}"
[score]
kind = "python"
setup = "two = 2"
expected = "{{tests}}"
time_limit = 1
)";

TEST_F(batch_test, programs_are_run_against_their_tests) {
  if (const auto reason = programs_refused())
    GTEST_SKIP() << *reason;
  log_->rule = [](const std::string& message) { return message; };
  EXPECT_EQ(run(programmer, mode::latent,
                "{\"id\": \"right\", \"program\": \"x = 2 * two\", \"tests\": \"assert x == 4\"}\n"
                "{\"id\": \"wrong\", \"program\": \"x = 5\", \"tests\": \"assert x == 4\"}\n"
                "{\"id\": \"endless\", \"program\": \"while True: pass\", \"tests\": \"pass\"}\n"
                "{\"id\": \"without\", \"program\": \"x = 5\"}\n",
                4),
            "");
  std::map<std::string, std::optional<double>> scores;
  for (const auto& result : results_) {
    EXPECT_TRUE(result.ok()) << result.error;
    scores[result.task] = result.score;
  }
  EXPECT_EQ(scores, (std::map<std::string, std::optional<double>>{
                        {"right", 1.0}, {"wrong", 0.0}, {"endless", 0.0}, {"without", std::nullopt}}));
}

TEST_F(batch_test, a_slow_program_holds_up_no_other_task) {
  if (std::thread::hardware_concurrency() < 2)
    GTEST_SKIP() << "one program at a time on one core";
  if (const auto reason = programs_refused())
    GTEST_SKIP() << *reason;
  log_->rule = [](const std::string& message) { return message; };
  EXPECT_EQ(run(programmer, mode::latent,
                "{\"id\": \"slow\", \"program\": \"import time; time.sleep(2.5)\", \"tests\": \"pass\"}\n"
                "{\"id\": \"unscored\", \"program\": \"\"}\n"
                "{\"id\": \"quick\", \"program\": \"x = 1\", \"tests\": \"pass\"}\n",
                2),
            "");
  ASSERT_EQ(results_.size(), 3U);
  EXPECT_EQ(results_[0].task, "unscored");
  EXPECT_EQ(results_[1].task, "quick");
  EXPECT_EQ(results_[2].task, "slow");
}

// Its answer is what the scorer does.
constexpr auto scored_text = R"(
flow = ["a"]
[model.main]
source = "smollm2-135m-instruct"
[agent.a]
kind = "generate"
prompt = "{{q}}"
[score]
kind = "math"
expected = "1"
)";

TEST_F(batch_test, a_scorer_that_dies_costs_its_task_and_no_other) {
  log_->rule = [](const std::string& message) { return message; };
  scorer_ = misbehaving_scorer();
  EXPECT_EQ(run(scored_text, mode::latent,
                "{\"id\": \"one\", \"q\": \"good\"}\n{\"id\": \"two\", \"q\": \"crash\"}\n"
                "{\"id\": \"three\", \"q\": \"exit\"}\n{\"id\": \"four\", \"q\": \"good\"}\n",
                4),
            "");
  ASSERT_EQ(results_.size(), 4U);
  std::map<std::string, task_result> by_id;
  for (const auto& result : results_)
    by_id[result.task] = result;
  for (const auto* good : {"one", "four"}) {
    EXPECT_EQ(by_id[good].error, "");
    EXPECT_TRUE(by_id[good].score.has_value());
  }
  EXPECT_EQ(by_id["two"].error, "the answer has no score: the scorer (avp-score, math) died of SIGSEGV (Segmentation "
                                "fault) on this answer");
  EXPECT_EQ(by_id["two"].text, "crash") << "the answer is kept";
  EXPECT_EQ(by_id["two"].score, std::nullopt);
  EXPECT_THAT(by_id["three"].error, HasSubstr("ended with status 3"));
}

TEST_F(batch_test, a_scorer_that_cannot_start_costs_each_task_its_score) {
  scorer_ = "/nowhere/avp-score";
  EXPECT_EQ(run(scored_text, mode::latent, "{\"id\": \"one\", \"q\": \"x\"}\n{\"id\": \"two\", \"q\": \"y\"}\n"), "");
  ASSERT_EQ(results_.size(), 2U);
  for (const auto& result : results_) {
    EXPECT_THAT(result.error, HasSubstr("could not be started from '/nowhere/avp-score'"));
    EXPECT_EQ(result.error_code, error_code::scorer_failed);
  }
}

} // namespace
