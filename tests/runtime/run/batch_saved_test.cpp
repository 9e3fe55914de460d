// Hops that go into the journal, and runs that go on from there.
#include <future>
#include <tuple>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/runtime/journal/journal_folder.hpp"
#include "tests/runtime/run/batch_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;

TEST_F(batch_test, every_hop_goes_into_the_journal_with_its_recipe) {
  const temporary_folder folder;
  journal_ = std::make_shared<run_journal>(journal_database::create(folder.path(), run_of_all_modes()));
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message == "A bad")
      return make_error(error_code::context_too_long, "too long");
    return message + "!";
  };
  EXPECT_EQ(run(chain_of_three, mode::latent, "{\"id\": \"t\", \"q\": \"Q\"}\n{\"id\": \"u\", \"q\": \"bad\"}"), "");
  journal_->close();
  // As after a run that was killed before its tasks ended.
  SQLite::Database(folder.path() / "run.db", SQLite::OPEN_READWRITE).exec("DELETE FROM results");
  auto hops = journal_database::open(folder.path()).open_hops()["latent"];
  ASSERT_EQ(hops.at("t").size(), 3U);
  std::vector<std::string> contexts;
  for (const auto& hop : hops["t"]) {
    const auto& [read, written] = std::tie(hop.history->prompt, hop.history->generated);
    contexts.push_back(std::string(read.begin(), read.end()) + std::string(written.begin(), written.end()));
  }
  EXPECT_THAT(contexts, ElementsAre("A Q", "A Q|B", "A Q|B|C|C!"));
  EXPECT_EQ(hops["t"][2].agent.text, "C!");
  EXPECT_EQ(hops["t"][2].agent.counts, results_.at(0).agents.at(2).counts);
  ASSERT_EQ(hops.at("u").size(), 1U);
  EXPECT_EQ(hops["u"][0].agent.error, "too long");
  EXPECT_EQ(hops["u"][0].agent.error_code, error_code::context_too_long);
}

TEST_F(batch_test, what_is_read_goes_into_the_journal_once_and_what_is_finished_does_not_run_again) {
  const temporary_folder folder;
  auto run_before = run_of_all_modes();
  run_before.input = "-";
  journal_ = std::make_shared<run_journal>(journal_database::create(folder.path(), run_before));
  finished_ = {"b"};
  const auto lines = "{\"id\": \"a\", \"q\": \"Q\"}\n{\"id\": \"b\", \"q\": \"Q\"}\nno JSON\n";
  input_has_ended_ = false; // as after an interrupt
  EXPECT_EQ(run(chain_of_three, mode::latent, lines), "");
  ASSERT_EQ(results_.size(), 2U);
  EXPECT_EQ(results_[0].task, "a");
  EXPECT_EQ(results_[1].task, "line 3");
  input_has_ended_ = true;
  EXPECT_EQ(run(chain_of_three, mode::direct, lines), "");
  journal_->close();
  auto database = journal_database::open(folder.path());
  EXPECT_EQ(database.records().size(), 3U);
  EXPECT_EQ(database.run().records, 3U);
  std::vector<std::string> kept;
  for (const auto& result : database.results())
    kept.push_back(result.stage + " " + result.task);
  EXPECT_THAT(kept, ElementsAre("latent a", "latent line 3", "direct a", "direct line 3"));
}

TEST_F(batch_test, an_end_that_is_not_to_be_believed_is_not_kept) {
  const temporary_folder folder;
  journal_ = std::make_shared<run_journal>(journal_database::create(folder.path(), run_of_all_modes()));
  input_has_ended_ = false;
  EXPECT_EQ(run(chain_of_three, mode::direct, R"({"id": "t", "q": "Q"})"), "");
  journal_->close();
  EXPECT_EQ(journal_database::open(folder.path()).run().records, std::nullopt);
}

TEST_F(batch_test, an_end_that_is_read_while_the_batch_ends_is_kept) {
  const temporary_folder folder;
  journal_ = std::make_shared<run_journal>(journal_database::create(folder.path(), run_of_all_modes()));
  std::promise<void> reading, told;
  at_end_ = [&reading, wait = told.get_future().share()] {
    reading.set_value();
    wait.wait();
  };
  const auto batch = start(chain_of_three, mode::direct, R"({"id": "t", "q": "Q"})", 2);
  reading.get_future().wait();
  self_->send(batch, stop_batch{});
  EXPECT_EQ(collect(), "");
  told.set_value();
  journal_->close();
  auto database = journal_database::open(folder.path());
  EXPECT_EQ(database.records().size(), 1U);
  EXPECT_EQ(database.run().records, 1U);
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

TEST_F(batch_test, a_saved_hop_is_not_done_again_and_counts) {
  saved_["t"] = {saved("a", "before")};
  EXPECT_EQ(run(chain_of_three, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  ASSERT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(text_in(log_->generated.at(0).context), "before|B");
  EXPECT_EQ(results_.at(0).text, "<C>");
  EXPECT_EQ(results_[0].agents.size(), 3U);
  EXPECT_EQ(results_[0].counts().prompt_tokens, 1020);
  EXPECT_EQ(results_[0].agents[0].handed_over.context_tokens, 6);
  EXPECT_GE(results_[0].ms, 5000);
}

TEST_F(batch_test, a_task_whose_hops_are_all_saved_only_ends) {
  saved_["t"] = {saved("a", "1"), saved("b", "2"), saved("c", "3", "the answer")};
  EXPECT_EQ(run(chain_of_three, mode::latent, R"({"id": "t", "q": "Q", "want": "answer"})"), "");
  EXPECT_TRUE(log_->thought.empty());
  EXPECT_TRUE(log_->generated.empty());
  EXPECT_EQ(results_.at(0).text, "the answer");
  EXPECT_EQ(results_[0].score, 1.0);
}

TEST_F(batch_test, a_saved_text_needs_no_context) {
  saved_["t"] = {saved("a", std::nullopt, "plan"), saved("b", std::nullopt, "critique")};
  EXPECT_EQ(run(chain_of_three, mode::text, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(0).text, "<C plan critique>");
  EXPECT_TRUE(log_->rebuilt.empty());
}

TEST_F(batch_test, a_hop_whose_context_cannot_come_back_is_done_again) {
  saved_["t"] = {saved("a", std::nullopt), saved("b", "saved")}; // none was handed over
  EXPECT_EQ(run(chain_of_three, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  ASSERT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(log_->thought[0].label, "a");
  EXPECT_EQ(text_in(log_->generated.at(0).context), "saved");
  log_->forgets = true; // as for one that came from outside
  saved_["t"] = {saved("a", "lost")};
  EXPECT_EQ(run(chain_of_three, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(text_in(log_->generated.at(1).context), "A Q|B");
  EXPECT_EQ(results_.at(1).counts().prompt_tokens, 30);
}

TEST_F(batch_test, saved_branches_are_joined_as_they_would_have_been) {
  saved_["t"] = {saved("b", "right")};
  EXPECT_EQ(run(fan_of_two, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  const auto joined = text_in(log_->generated.at(0).context);
  saved_.clear();
  EXPECT_EQ(run(fan_of_two, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(text_in(log_->generated.at(1).context), "(A Q+B Q)");
  EXPECT_EQ(joined, "(A Q+right)");
}

TEST_F(batch_test, an_agent_that_had_failed_stays_left_out) {
  auto failed = saved("a", std::nullopt);
  failed.agent.fail({error_code::context_too_long, "too long"});
  saved_["t"] = {failed};
  EXPECT_EQ(
      run(std::string(fan_of_two) + "[defaults]\non_failure = \"skip\"\n", mode::latent, R"({"id": "t", "q": "Q"})"),
      "");
  ASSERT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(log_->thought[0].label, "b");
  EXPECT_TRUE(results_.at(0).ok()) << results_[0].error;
  saved_["t"] = {failed};
  EXPECT_EQ(run(fan_of_two, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(1).error, "agent 'a': too long");
  EXPECT_EQ(results_[1].error_code, error_code::context_too_long);
}

} // namespace
