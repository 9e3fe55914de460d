// Routing and supervision, on a device that answers by rule.
#include <algorithm>
#include <sstream>
#include <thread>

#include "../agents/fake_device.hpp"
#include "journal_folder.hpp"
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <avp/runtime/pipeline_file.hpp>
#include <avp/runtime/run_actor.hpp>

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto chain = R"(
name = "chain"
flow = ["a -> b -> c"]
[model.main]
source = "nothing"
[defaults]
temperature = 0.0
[agent.a]
kind = "think"
prompt = "A {{q}}"
[agent.b]
kind = "think"
prompt = "B"
text_prompt = "B {{a}}"
[agent.c]
kind = "generate"
prompt = "C"
text_prompt = "C {{a}} {{b}}"
direct_prompt = "only {{q}}"
[score]
kind = "contains"
expected = "{{want}}"
)";

class run_actor_test : public testing::Test {
protected:
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
  std::shared_ptr<fake_log> log_ = std::make_shared<fake_log>();
  device_actor device_ = start_fake_device(system_, log_);
  registry kinds_;
  pipeline pipeline_;
  std::istringstream lines_;
  std::optional<record_reader> reader_;
  std::vector<task_result> results_;
  std::string words_;
  std::map<std::string, std::uint64_t> places_;
  std::uint64_t first_place_ = 0;
  std::shared_ptr<journal> journal_;
  std::map<std::string, std::vector<saved_hop>> saved_;

  ~run_actor_test() override { self_->send_exit(device_, caf::exit_reason::user_shutdown); }

  caf::actor start(const std::string& toml, mode mode, const std::string& lines, std::size_t concurrency = 1,
                   bool stream = false) {
    load_options options;
    options.kinds = kinds_.kinds();
    options.modes = {mode};
    options.input = "-";
    auto loaded = load_pipeline(toml, "test.toml", options);
    if (!loaded.pipeline)
      throw std::runtime_error(to_string(loaded.mistakes));
    pipeline_ = *loaded.pipeline;
    lines_.clear(); // the end, which an earlier run came to
    lines_.str(lines);
    reader_.emplace(lines_);
    run_config run;
    run.pipeline = &pipeline_;
    run.kinds = &kinds_;
    run.plan = make_plan(pipeline_, mode, kinds_.kinds());
    run.devices = {{"main", device_}};
    run.concurrency = concurrency;
    run.first_place = first_place_;
    run.stream = stream;
    run.observer = self_;
    if (pipeline_.score && pipeline_.score->kind == score_kind::python)
      run.programs = std::make_shared<program_scorer>();
    run.input = [this] { return reader_->next(); };
    run.journal = journal_;
    run.saved = saved_;
    return start_run(system_, std::move(run));
  }

  // Everything until the run ends; returns why it ended early.
  std::string collect() {
    std::optional<std::string> end;
    while (!end)
      self_->receive([&](task_result& result) { results_.push_back(std::move(result)); },
                     [&](const task_begun& begun) { places_[begun.task] = begun.place; },
                     [&](const answer_piece& piece) { words_ += piece.text; },
                     [&](const run_ended& ended) { end = ended.error; },
                     caf::after(std::chrono::seconds(20)) >> [&] { end = "the run hangs"; });
    return *end;
  }

  std::string run(const std::string& toml, mode mode, const std::string& lines, std::size_t concurrency = 1) {
    start(toml, mode, lines, concurrency);
    return collect();
  }
};

TEST_F(run_actor_test, latent_mode_hands_contexts_on) {
  EXPECT_EQ(run(chain, mode::latent, R"({"id": "t", "q": "Q", "want": "c>"})"), "");
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

TEST_F(run_actor_test, text_mode_hands_words_on_and_no_context) {
  EXPECT_EQ(run(chain, mode::text, R"({"id": "t", "q": "Q", "want": "zzz"})"), "");
  EXPECT_EQ(results_.at(0).text, "<C <A Q> <B <A Q>>>");
  EXPECT_EQ(results_[0].score, 0.0);
  for (const auto& asked : log_->generated)
    EXPECT_EQ(asked.context.body, nullptr);
  EXPECT_EQ(results_[0].agents[0].kind, "generate");
  EXPECT_EQ(results_[0].handed_over().context_tokens, 0);
}

TEST_F(run_actor_test, direct_mode_runs_the_answering_agent_alone) {
  EXPECT_EQ(run(chain, mode::direct, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(0).text, "<only Q>");
  EXPECT_EQ(results_[0].agents.size(), 1U);
  EXPECT_FALSE(results_[0].score.has_value()); // no field "want": run and not scored
}

TEST_F(run_actor_test, words_of_the_answer_stream) {
  start(chain, mode::latent, R"({"id": "t", "q": "Q"})", 1, true);
  EXPECT_EQ(collect(), "");
  EXPECT_EQ(words_, "words");
}

TEST_F(run_actor_test, bad_lines_are_failed_tasks_and_the_run_goes_on) {
  EXPECT_EQ(run(chain, mode::direct,
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

TEST_F(run_actor_test, a_failed_hop_fails_its_task_with_agent_and_reason) {
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message == "A bad")
      return make_error(device_errc::context_too_long, "too long");
    return "fine";
  };
  EXPECT_EQ(run(chain, mode::latent, "{\"id\": \"x\", \"q\": \"bad\"}\n{\"id\": \"y\", \"q\": \"good\"}", 2), "");
  ASSERT_EQ(results_.size(), 2U);
  for (const auto& result : results_)
    EXPECT_EQ(result.error, result.task == "x" ? "agent 'a': too long" : "");
}

TEST_F(run_actor_test, no_more_tasks_run_than_the_limit_allows) {
  log_->hang = true;
  std::string lines;
  for (int i = 0; i < 20; ++i)
    lines += "{\"id\": " + std::to_string(i) + ", \"q\": \"x\"}\n";
  auto run = start(chain, mode::latent, lines, 3);
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

TEST_F(run_actor_test, stopping_finishes_what_runs_and_starts_nothing_new) {
  std::atomic<bool> go = false;
  log_->rule = [&](const std::string& message) {
    while (!go)
      std::this_thread::yield();
    return message;
  };
  std::string lines;
  for (int i = 0; i < 20; ++i)
    lines += "{\"id\": " + std::to_string(i) + ", \"q\": \"x\"}\n";
  auto run = start(chain, mode::latent, lines, 2);
  self_->send(run, stop_run{});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  go = true;
  EXPECT_EQ(collect(), "");
  EXPECT_LE(results_.size(), 2U);
  for (const auto& result : results_)
    EXPECT_TRUE(result.ok()) << result.error;
}

TEST_F(run_actor_test, a_dead_agent_is_restarted_and_only_its_tasks_fail) {
  log_->kill_after = "only kill";
  EXPECT_EQ(
      run(chain, mode::direct,
          "{\"id\": \"before\", \"q\": \"x\"}\n{\"id\": \"dies\", \"q\": \"kill\"}\n{\"id\": \"after\", \"q\": \"y\"}"),
      "");
  ASSERT_EQ(results_.size(), 3U);
  for (const auto& result : results_) {
    EXPECT_EQ(result.ok(), result.task != "dies") << result.error;
    if (result.task == "dies") {
      EXPECT_THAT(result.error, HasSubstr("agent 'c': the agent died while it had this task (kill)"));
    }
  }
}

TEST_F(run_actor_test, tasks_have_their_place_in_the_run) {
  first_place_ = 40;
  EXPECT_EQ(run(chain, mode::latent, "{\"id\": \"x\", \"q\": \"X\"}\nno task\n{\"id\": \"y\", \"q\": \"Y\"}", 5), "");
  EXPECT_THAT(places_, ElementsAre(std::pair("x", 40U), std::pair("y", 41U)));
  std::map<std::string, std::uint64_t> asked;
  for (const auto& one : log_->thought) {
    if (one.label == "a")
      asked[one.messages.back().content] = one.task;
  }
  EXPECT_THAT(asked, ElementsAre(std::pair("A X", 40U), std::pair("A Y", 41U)));
  for (const auto& one : log_->generated)
    EXPECT_EQ(one.label, "c");
}

// As many as the limit allows even where they end in another order than they began.
TEST_F(run_actor_test, results_come_as_tasks_end_and_others_take_their_turn) {
  std::string lines;
  for (int i = 0; i < 200; ++i)
    lines += "{\"id\": " + std::to_string(i) + ", \"q\": \"" + std::to_string(i) + "\"}\n";
  EXPECT_EQ(run(chain, mode::latent, lines, 64), "");
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
    auto text = hop.messages().back().content;
    std::transform(text.begin(), text.end(), text.begin(), ::toupper);
    co_return output{text, {}};
  }
};

TEST_F(run_actor_test, an_agent_of_ones_own_needs_no_model) {
  kinds_.add<upper_agent>("upper");
  EXPECT_EQ(run("flow = [\"m\"]\n[agent.m]\nkind = \"upper\"\nprompt = \"{{q}}\"\n", mode::latent,
                R"({"id": "t", "q": "abc"})"),
            "");
  EXPECT_EQ(results_.at(0).text, "ABC");
}

constexpr auto fan = R"(
name = "fan"
flow = ["a, b -> c"]
[model.main]
source = "nothing"
[agent.a]
kind = "think"
prompt = "A {{q}}"
[agent.b]
kind = "think"
prompt = "B {{q}}"
[agent.c]
kind = "generate"
prompt = "C"
)";

constexpr auto programmer = R"(
flow = ["a"]
[model.main]
source = "nothing"
[agent.a]
kind = "generate"
prompt = "{{program}}"
[score]
kind = "python"
setup = "two = 2"
expected = "{{tests}}"
time_limit = 1
)";

TEST_F(run_actor_test, programs_are_run_against_their_tests) {
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

TEST_F(run_actor_test, a_slow_program_holds_up_no_other_task) {
  if (std::thread::hardware_concurrency() < 2)
    GTEST_SKIP() << "one program at a time on one core";
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

TEST_F(run_actor_test, branches_run_side_by_side_and_are_joined) {
  EXPECT_EQ(run(fan, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(text_in(log_->generated.at(0).context), "(A Q+B Q)");
  for (const auto& asked : log_->thought)
    EXPECT_EQ(asked.context.body, nullptr);
  ASSERT_EQ(results_.at(0).agents.size(), 3U);
  for (const auto& agent : results_[0].agents)
    EXPECT_EQ(agent.handed_over.context_tokens, agent.name == "c" ? 0 : 3) << agent.name;
  EXPECT_GT(results_[0].handed_over().context_bytes, 6U);
}

TEST_F(run_actor_test, a_join_in_sequence_runs_its_branches_on_one_cache) {
  EXPECT_EQ(run(std::string(fan) + "merge = \"sequence\"", mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(text_in(log_->generated.at(0).context), "A Q|B Q");
  EXPECT_TRUE(log_->joined.empty());
}

TEST_F(run_actor_test, a_branch_that_fails_fails_the_task_or_is_left_out) {
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message == "A bad")
      return make_error(device_errc::context_too_long, "too long");
    return "fine";
  };
  EXPECT_EQ(run(fan, mode::latent, R"({"id": "t", "q": "bad"})"), "");
  EXPECT_EQ(results_.at(0).error, "agent 'a': too long");

  const auto lenient = std::string(fan) + "text_prompt = \"C {{a}}|{{b}}\"\n[defaults]\non_failure = \"skip\"\n";
  EXPECT_EQ(run(lenient, mode::latent, R"({"id": "t", "q": "bad"})"), "");
  const auto& latent = results_.at(1);
  EXPECT_TRUE(latent.ok()) << latent.error;
  EXPECT_EQ(text_in(log_->generated.back().context), "B bad");
  EXPECT_TRUE(log_->joined.empty()) << "one branch is left, and nothing to join";
  std::map<std::string, std::string> errors;
  for (const auto& agent : latent.agents)
    errors[agent.name] = agent.error;
  EXPECT_EQ(errors, (std::map<std::string, std::string>{{"a", "too long"}, {"b", ""}, {"c", ""}}));

  EXPECT_EQ(run(lenient, mode::text, R"({"id": "t", "q": "bad"})"), "");
  EXPECT_TRUE(results_.at(2).ok()) << results_[2].error;
  EXPECT_EQ(log_->generated.back().messages.back().content, "C |fine");
}

TEST_F(run_actor_test, a_task_fails_when_nothing_is_left_to_join_or_the_answering_agent_fails) {
  const auto lenient = std::string(fan) + "[defaults]\non_failure = \"skip\"\n";
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message != "C")
      return make_error(device_errc::failed, "broken");
    return "fine";
  };
  EXPECT_EQ(run(lenient, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(0).error, "agent 'c': nothing is left to join (a: broken; b: broken)");
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message == "C")
      return make_error(device_errc::failed, "broken");
    return "fine";
  };
  EXPECT_EQ(run(lenient, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(1).error, "agent 'c': broken");
}

constexpr auto switching = R"(
flow = ["sorter -> easy, hard -> judge"]
[model.main]
source = "nothing"
[agent.sorter]
kind = "route"
prompt = "{{q}}"
[agent.sorter.options]
to = { simple = "easy", tricky = "hard" }
[agent.easy]
kind = "generate"
prompt = "E"
text_prompt = "E"
[agent.hard]
kind = "generate"
prompt = "H"
text_prompt = "H"
[agent.judge]
kind = "generate"
prompt = "J"
text_prompt = "J [{{easy}}] [{{hard}}]"
)";

TEST_F(run_actor_test, a_route_lets_go_on_whom_it_picks) {
  log_->rule = [](const std::string& message) { return message; };
  EXPECT_EQ(run(switching, mode::latent, "{\"id\": 1, \"q\": \"simple\"}\n{\"id\": 2, \"q\": \"tricky\"}"), "");
  ASSERT_EQ(results_.size(), 2U);
  for (const auto& result : results_) {
    EXPECT_TRUE(result.ok()) << result.error;
    std::vector<std::string> names;
    for (const auto& agent : result.agents)
      names.push_back(agent.name);
    EXPECT_THAT(names, ElementsAre("sorter", result.task == "1" ? "easy" : "hard", "judge"));
    EXPECT_EQ(result.agents[0].handed_over.context_tokens, 13) << "to one of them";
  }
  EXPECT_EQ(text_in(log_->generated.back().context), "tricky|tricky|H|H");
  EXPECT_TRUE(log_->joined.empty());

  EXPECT_EQ(run(switching, mode::text, R"({"id": 1, "q": "tricky"})"), "");
  EXPECT_EQ(results_.at(2).text, "J [] [H]");
  EXPECT_EQ(run(switching, mode::latent, R"({"id": 1, "q": "neither"})"), "");
  EXPECT_THAT(results_.at(3).error, HasSubstr("agent 'sorter': its answer has none of the words"));
}

TEST_F(run_actor_test, many_feed_one_and_one_feeds_many_over_several_levels) {
  const std::string levels = R"(
flow = ["root -> a, b, c", "a, b -> left", "b, c -> right", "left, right -> judge"]
[model.main]
source = "nothing"
[defaults]
kind = "think"
merge = "canonical"
[agent.root]
prompt = "R{{q}}"
[agent.a]
prompt = "A"
[agent.b]
prompt = "B"
[agent.c]
prompt = "C"
[agent.left]
prompt = "L"
[agent.right]
prompt = "I"
[agent.judge]
kind = "generate"
prompt = "J"
)";
  std::string lines;
  for (int i = 0; i < 30; ++i)
    lines += "{\"id\": " + std::to_string(i) + ", \"q\": \"" + std::to_string(i) + "\"}\n";
  EXPECT_EQ(run(levels, mode::latent, lines, 8), "");
  ASSERT_EQ(results_.size(), 30U);
  for (const auto& asked : log_->generated) {
    const auto context = text_in(asked.context);
    const auto root = context.substr(2, context.find('|') - 2);
    EXPECT_EQ(context, "((" + root + "|A+" + root + "|B)|L+(" + root + "|B+" + root + "|C)|I)");
  }
}

class misleading_agent : public agent {
public:
  eventually<output> run(avp::hop&) override { co_return output{"text", {}, std::vector<std::string>{"nobody"}}; }
};

TEST_F(run_actor_test, an_agent_can_pick_only_its_successors) {
  kinds_.add<misleading_agent>("misleading");
  const auto flow = std::string("flow = [\"m -> n\"]\n[agent.m]\nkind = \"misleading\"\n[agent.n]\nkind = "
                                "\"misleading\"\nprompt = \"{{m}}\"\n");
  EXPECT_EQ(run(flow, mode::latent, R"({"id": "t"})"), "");
  EXPECT_EQ(results_.at(0).error, "agent 'm': it hands over to 'nobody', which is no successor of it in the flow");
  EXPECT_EQ(run(flow + "[agent.m.options]\nx = 1\n[defaults]\non_failure = \"skip\"\n", mode::latent, R"({"id": "t"})"),
            "");
  EXPECT_TRUE(results_.at(1).ok()) << results_[1].error;
  ASSERT_EQ(results_[1].agents.size(), 2U);
  EXPECT_THAT(results_[1].agents[0].error, HasSubstr("'nobody'"));
}

TEST_F(run_actor_test, every_hop_goes_into_the_journal_with_its_recipe) {
  const temporary_folder folder;
  journal_ = std::make_shared<journal>(journal_database::create(folder.path(), run_of_all_modes()));
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message == "A bad")
      return make_error(device_errc::context_too_long, "too long");
    return message + "!";
  };
  EXPECT_EQ(run(chain, mode::latent, "{\"id\": \"t\", \"q\": \"Q\"}\n{\"id\": \"u\", \"q\": \"bad\"}"), "");
  journal_->close();
  auto hops = journal_database::open(folder.path()).open_hops()["latent"];
  ASSERT_EQ(hops.at("t").size(), 3U);
  std::vector<std::string> contexts;
  for (const auto& hop : hops["t"])
    contexts.emplace_back(hop.history->prompt.begin(), hop.history->prompt.end());
  EXPECT_THAT(contexts, ElementsAre("A Q", "A Q|B", "A Q|B|C|C!"));
  EXPECT_EQ(hops["t"][2].agent.text, "C!");
  EXPECT_EQ(hops["t"][2].agent.counts, results_.at(0).agents.at(2).counts);
  ASSERT_EQ(hops.at("u").size(), 1U);
  EXPECT_EQ(hops["u"][0].agent.error, "too long");
}

// A hop as the journal gives it back, with the context that the fake device makes of a text.
saved_hop saved(const std::string& agent, const std::optional<std::string>& context, const std::string& text = "") {
  saved_hop hop;
  hop.task = "t";
  hop.agent.name = agent;
  hop.agent.kind = "think";
  hop.agent.text = text;
  hop.agent.counts.prompt_tokens = 1000;
  hop.task_ms = 5000;
  if (context)
    hop.history = text_body(*context).history();
  return hop;
}

TEST_F(run_actor_test, a_saved_hop_is_not_done_again_and_counts) {
  saved_["t"] = {saved("a", "before")};
  EXPECT_EQ(run(chain, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  ASSERT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(text_in(log_->generated.at(0).context), "before|B");
  EXPECT_EQ(results_.at(0).text, "<C>");
  EXPECT_EQ(results_[0].agents.size(), 3U);
  EXPECT_EQ(results_[0].counts().prompt_tokens, 1020);
  EXPECT_EQ(results_[0].agents[0].handed_over.context_tokens, 6);
  EXPECT_GE(results_[0].ms, 5000);
}

TEST_F(run_actor_test, a_task_whose_hops_are_all_saved_only_ends) {
  saved_["t"] = {saved("a", "1"), saved("b", "2"), saved("c", "3", "the answer")};
  EXPECT_EQ(run(chain, mode::latent, R"({"id": "t", "q": "Q", "want": "answer"})"), "");
  EXPECT_TRUE(log_->thought.empty());
  EXPECT_TRUE(log_->generated.empty());
  EXPECT_EQ(results_.at(0).text, "the answer");
  EXPECT_EQ(results_[0].score, 1.0);
}

TEST_F(run_actor_test, a_saved_text_needs_no_context) {
  saved_["t"] = {saved("a", std::nullopt, "plan"), saved("b", std::nullopt, "critique")};
  EXPECT_EQ(run(chain, mode::text, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(0).text, "<C plan critique>");
  EXPECT_TRUE(log_->rebuilt.empty());
}

TEST_F(run_actor_test, a_hop_whose_context_cannot_come_back_is_done_again) {
  saved_["t"] = {saved("a", std::nullopt), saved("b", "saved")}; // none was handed over
  EXPECT_EQ(run(chain, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  ASSERT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(log_->thought[0].label, "a");
  EXPECT_EQ(text_in(log_->generated.at(0).context), "saved");
  log_->forgets = true; // as for one that came from outside
  saved_["t"] = {saved("a", "lost")};
  EXPECT_EQ(run(chain, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(text_in(log_->generated.at(1).context), "A Q|B");
  EXPECT_EQ(results_.at(1).counts().prompt_tokens, 30);
}

TEST_F(run_actor_test, saved_branches_are_joined_as_they_would_have_been) {
  saved_["t"] = {saved("b", "right")};
  EXPECT_EQ(run(fan, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  const auto joined = text_in(log_->generated.at(0).context);
  saved_.clear();
  EXPECT_EQ(run(fan, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(text_in(log_->generated.at(1).context), "(A Q+B Q)");
  EXPECT_EQ(joined, "(A Q+right)");
}

TEST_F(run_actor_test, an_agent_that_had_failed_stays_left_out) {
  auto failed = saved("a", std::nullopt);
  failed.agent.error = "too long";
  saved_["t"] = {failed};
  EXPECT_EQ(run(std::string(fan) + "[defaults]\non_failure = \"skip\"\n", mode::latent, R"({"id": "t", "q": "Q"})"),
            "");
  ASSERT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(log_->thought[0].label, "b");
  EXPECT_TRUE(results_.at(0).ok()) << results_[0].error;
  saved_["t"] = {failed};
  EXPECT_EQ(run(fan, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(1).error, "agent 'a': too long");
}

} // namespace
