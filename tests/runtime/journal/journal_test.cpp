// The journal: what is written is read back, while others read, after a crash at any byte, on a disk that fills up.
#include <csignal>
#include <fstream>
#include <thread>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "runtime/journal/journal.hpp"
#include "runtime/results/output_directory.hpp"
#include "runtime/results/thought_json.hpp"
#include "tests/runtime/journal/journal_folder.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const recipe> recipe_of(std::vector<std::int32_t> prompt,
                                        std::vector<std::shared_ptr<const recipe>> parents = {}) {
  recipe draft;
  draft.weights_digest = "w";
  draft.numerics = "float32";
  draft.prompt = std::move(prompt);
  draft.latent_steps = 3;
  for (std::size_t i = 0; parents.size() > 1 && i < parents.size(); ++i) // what a join keeps of each
    draft.spans.push_back({i, 0, parents[i]->tokens()});
  draft.parents = std::move(parents);
  return recipe::frozen(std::move(draft));
}

saved_hop hop_of(const std::string& task, const std::string& agent, std::shared_ptr<const recipe> history = nullptr) {
  saved_hop hop;
  hop.task = task;
  hop.stage = "latent";
  hop.agent.name = agent;
  hop.agent.kind = "think";
  hop.agent.node = "local";
  hop.history = std::move(history);
  return hop;
}

int count(const std::filesystem::path& folder, const std::string& table) {
  const SQLite::Database reader(folder / "run.db");
  SQLite::Statement query(reader, "SELECT count(*) FROM " + table);
  query.executeStep();
  return query.getColumn(0);
}

std::string failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

class journal_test : public testing::Test {
protected:
  temporary_folder folder_;

  journal_database create() { return journal_database::create(folder_.path(), run_of_all_modes()); }
  journal_database open() { return journal_database::open(folder_.path()); }
};

TEST_F(journal_test, a_run_is_read_back) {
  auto run = run_of_all_modes();
  run.limit = 12;
  run.ask = "Why?";
  run.changes = {"seed=1", "name=\"x\""};
  run.plugins = {"/a/b.so"};
  run.templates = {"main 9f86"};
  journal_database::create(folder_.path(), run);
  const auto back = open().run();
  EXPECT_EQ(back.version, run.version);
  EXPECT_EQ(back.began, run.began);
  EXPECT_EQ(back.pipeline, run.pipeline);
  EXPECT_EQ(back.file, run.file);
  EXPECT_EQ(back.modes, run.modes);
  EXPECT_EQ(back.seed, run.seed);
  EXPECT_EQ(back.input, run.input);
  EXPECT_EQ(back.input_digest, run.input_digest);
  EXPECT_EQ(back.limit, run.limit);
  EXPECT_EQ(back.ask, run.ask);
  EXPECT_EQ(back.changes, run.changes);
  EXPECT_EQ(back.plugins, run.plugins);
  EXPECT_EQ(back.templates, run.templates);
  EXPECT_EQ(back.concurrency, run.concurrency);
  EXPECT_EQ(back.records, std::nullopt);
}

TEST_F(journal_test, records_and_the_end_of_the_input_are_read_back) {
  auto database = create();
  const record good{"t\n1", nlohmann::ordered_json::parse(R"({"z": 1.5, "a": "é", "n": null})"), 3};
  database.write({saved_record{0, good}, saved_record{1, bad_line{"line 4", 4, 7, "not JSON"}}, input_end{2}});
  const auto items = database.records();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(std::get<record>(items[0]).id, good.id);
  EXPECT_EQ(std::get<record>(items[0]).fields.dump(), good.fields.dump());
  EXPECT_EQ(std::get<record>(items[0]).line, 3U);
  EXPECT_EQ(std::get<bad_line>(items[1]).message, "not JSON");
  EXPECT_EQ(std::get<bad_line>(items[1]).column, 7U);
  EXPECT_EQ(database.run().records, 2U);
}

TEST_F(journal_test, hops_are_read_back_with_any_bytes_in_their_texts) {
  auto hop = hop_of("t", "a", recipe_of({1, 2}));
  hop.agent.text = std::string("nul \0 and \xFF", 11);
  hop.agent.ms = 1.25;
  hop.agent.counts = {1, 2, 3, 4, 8, 9, 5, 6, 7.5};
  hop.to = {"b", "c"};
  hop.task_ms = 2.5;
  auto failed = hop_of("t", "b");
  failed.agent.fail({error_code::context_too_long, "too long"});
  auto database = create();
  database.write({hop, failed});
  const auto back = database.open_hops()["latent"].at("t");
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].agent.text, hop.agent.text);
  EXPECT_EQ(back[0].agent.kind, "think");
  EXPECT_EQ(back[0].agent.node, "local");
  EXPECT_EQ(back[0].agent.ms, 1.25);
  EXPECT_EQ(back[0].agent.counts, hop.agent.counts);
  EXPECT_EQ(back[0].agent.counts.guessed_tokens, 8);
  EXPECT_EQ(back[0].agent.counts.accepted_tokens, 9);
  EXPECT_EQ(back[0].to, hop.to);
  EXPECT_EQ(back[0].task_ms, 2.5);
  EXPECT_EQ(back[0].history->encode(), hop.history->encode());
  EXPECT_EQ(back[0].agent.error_code, std::nullopt);
  EXPECT_EQ(back[1].agent.error, "too long");
  EXPECT_EQ(back[1].agent.error_code, error_code::context_too_long);
  EXPECT_EQ(back[1].to, std::nullopt);
  EXPECT_EQ(back[1].history, nullptr);
}

TEST_F(journal_test, a_recipe_is_there_once_and_shared_parents_stay_shared) {
  const auto root = recipe_of({1});
  const auto left = recipe_of({2}, {root});
  const auto right = recipe_of({3}, {root});
  auto database = create();
  database.write({hop_of("t", "l", left), hop_of("t", "r", right), hop_of("t", "j", recipe_of({4}, {left, right}))});
  EXPECT_EQ(count(folder_.path(), "recipes"), 4);
  const auto hops = database.open_hops()["latent"].at("t");
  const auto& joined = hops[2].history;
  EXPECT_EQ(joined->parents.at(0), hops[0].history);
  EXPECT_EQ(joined->parents[0]->parents.at(0), joined->parents[1]->parents.at(0));
  EXPECT_EQ(joined->parents[0]->parents[0]->id(), root->id());
  EXPECT_EQ(database.recipe_of_agent("r"), hops[1].history);
  EXPECT_EQ(database.recipe_of_agent("nobody"), nullptr);
}

TEST_F(journal_test, hops_of_a_task_with_a_result_are_done_with) {
  auto database = create();
  database.write({hop_of("done", "a"), hop_of("open", "a"), result_of("done", mode::latent)});
  EXPECT_FALSE(database.open_hops()["latent"].contains("done"));
  EXPECT_TRUE(database.open_hops()["latent"].contains("open"));
  EXPECT_TRUE(database.open_hops()["text"].empty());
  const auto results = database.results();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].line, result_of("done", mode::latent).line);
  EXPECT_EQ(results[0].seconds, 1.5);
}

TEST_F(journal_test, a_hop_that_is_done_again_replaces_the_first) {
  auto hop = hop_of("t", "a");
  auto database = create();
  database.write({hop});
  hop.agent.text = "second";
  database.write({hop});
  const auto hops = database.open_hops()["latent"].at("t");
  ASSERT_EQ(hops.size(), 1U);
  EXPECT_EQ(hops[0].agent.text, "second");
}

TEST_F(journal_test, others_read_whole_transactions_while_it_is_written) {
  journal journal(create());
  constexpr int tasks = 300;
  std::vector<std::jthread> writers;
  for (const auto mode : {mode::latent, mode::text})
    writers.emplace_back([&journal, mode] {
      for (int i = 0; i < tasks; ++i) {
        journal.add(result_of("t" + std::to_string(i), mode));
        std::this_thread::sleep_for(std::chrono::microseconds(300));
      }
    });
  int last = 0;
  for (int growing = 0; growing < 2 && last < 2 * tasks;) {
    const int now = count(folder_.path(), "results");
    ASSERT_GE(now, last);
    growing += now > last ? 1 : 0;
    last = now;
  }
  writers.clear();
  journal.close();
  EXPECT_EQ(journal.failure(), "");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "run.db-wal")); // one file is left
  EXPECT_EQ(count(folder_.path(), "results"), 2 * tasks);
}

TEST_F(journal_test, entries_after_its_end_are_dropped) {
  journal journal(create());
  journal.add(result_of("t", mode::latent));
  journal.close();
  journal.add(result_of("late", mode::latent));
  journal.close();
  EXPECT_EQ(count(folder_.path(), "results"), 1);
}

// What a crash leaves is the file and a part of its log: cut at any place, the log gives the transactions before it.
TEST_F(journal_test, torn_at_any_place_it_holds_what_was_written_before) {
  constexpr int tasks = 12;
  {
    auto database = create();
    for (int i = 0; i < tasks; ++i)
      database.write({result_of("t" + std::to_string(i), mode::latent)});
    for (const auto* name : {"run.db", "run.db-wal"}) // before closing puts the log into the file
      std::filesystem::copy(folder_.path() / name, folder_.path() / (std::string("saved-") + name));
  }
  const auto log = folder_.text("saved-run.db-wal");
  std::size_t most = 0;
  int begun = 0;
  for (std::size_t cut = 0; cut <= log.size(); cut += 997) {
    const temporary_folder crashed;
    crashed.write("run.db", folder_.text("saved-run.db"));
    crashed.write("run.db-wal", log.substr(0, cut) + std::string(cut % 2 == 0 ? 0 : 500, 'x'));
    std::vector<saved_result> results;
    try {
      results = journal_database::open(crashed.path()).results();
      ++begun;
    } catch (const journal_error& error) { // before the run's own row was written
      EXPECT_EQ(begun, 0) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("start it anew"));
    }
    ASSERT_GE(results.size(), most) << cut;
    most = results.size();
    for (std::size_t i = 0; i < results.size(); ++i)
      EXPECT_EQ(results[i].task, "t" + std::to_string(i));
  }
  EXPECT_GE(most, tasks - 1U);
}

// The same signal and limit as avp-run: a file that may not grow stands for a full disk.
class small_files {
public:
  explicit small_files(rlim_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit small{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~small_files() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, before_);
  }

private:
  rlimit old_{};
  void (*before_)(int);
};

TEST_F(journal_test, a_full_disk_is_told_and_nothing_is_lost_once_there_is_room) {
  journal journal(create());
  int tasks = 0;
  {
    const small_files limit(400000);
    while (journal.failure().empty() && tasks < 100000)
      journal.add(result_of("t" + std::to_string(tasks++), mode::latent, std::string(500, 'x')));
    EXPECT_THAT(journal.failure(), HasSubstr("cannot write '" + (folder_.path() / "run.db").string() + "': "));
    EXPECT_THAT(journal.failure(), HasSubstr("File too large"));
    EXPECT_GE(count(folder_.path(), "results"), 0); // it can be read
  }
  journal.add(result_of("last", mode::latent));
  journal.close();
  EXPECT_EQ(journal.failure(), "");
  EXPECT_EQ(count(folder_.path(), "results"), tasks + 1);
}

TEST_F(journal_test, a_disk_that_stays_full_leaves_what_fitted) {
  {
    const small_files limit(400000);
    journal journal(create());
    for (int i = 0; i < 3000 && journal.failure().empty(); ++i) {
      journal.add(result_of("t" + std::to_string(i), mode::latent, std::string(500, 'x')));
      if (i % 100 == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(60)); // several transactions
    }
    journal.close();
    EXPECT_THAT(journal.failure(), HasSubstr("File too large"));
  }
  auto database = open();
  const auto results = database.results();
  EXPECT_GT(results.size(), 0U);
  EXPECT_LT(results.size(), 3000U);
  database.write({result_of("more", mode::latent)});
  EXPECT_EQ(database.results().size(), results.size() + 1);
}

TEST_F(journal_test, one_run_at_a_time) {
  auto database = create();
  EXPECT_THAT(failure_of([&] { open(); }),
              HasSubstr("another avp-run is at work in '" + folder_.path().string() + "'"));
}

TEST_F(journal_test, what_is_no_journal_is_refused_by_name) {
  EXPECT_THAT(failure_of([&] { open(); }), HasSubstr("has no run.db, the journal of a run"));
  folder_.write("run.db", "some text that is no database, and long enough to be looked at as one");
  EXPECT_THAT(failure_of([&] { open(); }), HasSubstr("file is not a database"));
  folder_.write("run.db", "");
  EXPECT_THAT(failure_of([&] { open(); }), HasSubstr("it is not the journal of a run"));
  EXPECT_THAT(failure_of([&] { create(); }), HasSubstr("is there already"));
  std::filesystem::remove(folder_.path() / "run.db");
  create();
  {
    SQLite::Database other(folder_.path() / "run.db", SQLite::OPEN_READWRITE);
    other.exec("PRAGMA user_version = 99");
  }
  EXPECT_THAT(failure_of([&] { open(); }), HasSubstr("it has version 99, and this avp-run reads 1 to 5"));
}

TEST_F(journal_test, recipes_without_a_version_are_read_as_those_of_today) {
  auto next = *recipe_of({3});
  next.parents = {recipe_of({1, 2})};
  create().write({hop_of("t", "a", next.parents.front()), hop_of("t", "b", recipe::frozen(next))});
  {
    SQLite::Database earlier(folder_.path() / "run.db", SQLite::OPEN_READWRITE);
    earlier.exec("UPDATE recipes SET encoding = replace(replace(encoding, 'imported', 'foreign'), "
                 "'\"version\":1,', '')");
    // the keys in their order: that of `foreign` comes before `generated`
    earlier.exec("UPDATE recipes SET encoding = '{\"foreign\":\"\",\"foreign_tokens\":0,' || "
                 "replace(substr(encoding, 2), '\"foreign\":\"\",\"foreign_tokens\":0,', '')");
    for (const auto* table : {"UPDATE recipes SET id = 'then ' || id, encoding = replace(encoding, '\"parents\":[\"', "
                              "'\"parents\":[\"then ')",
                              "UPDATE hops SET recipe = 'then ' || recipe"})
      earlier.exec(table);
  }
  const auto back = open().open_hops()["latent"].at("t");
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].history->id(), next.parents.front()->id());
  EXPECT_EQ(back[1].history->id(), next.id());
  EXPECT_EQ(back[1].history->parents.front(), back[0].history);
}

TEST_F(journal_test, thoughts_are_read_back) {
  auto hop = hop_of("t", "a");
  hop.agent.thought.warnings = {thought_warning::norm_blown_up};
  hop.agent.thought.steps = {
      {.tokens = {{7, "a\n\"\xF0\x9F\x98\x80", 0.25}, {300, "", 0.125}}, .entropy = 1.5, .norm = 2},
      {.entropy = 0, .norm = 3, .cosine = -0.5}};
  create().write({hop, hop_of("t", "b")});
  const auto back = open().open_hops()["latent"].at("t");
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(to_json(back[0].agent.thought), to_json(hop.agent.thought));
  EXPECT_EQ(back[0].agent.thought.steps[0].tokens[0].text, hop.agent.thought.steps[0].tokens[0].text);
  EXPECT_EQ(back[0].agent.thought.steps[1].cosine, -0.5);
  EXPECT_TRUE(back[1].agent.thought.empty());
}

TEST_F(journal_test, one_of_the_fourth_version_is_brought_up_to_date) {
  create().write({hop_of("t", "a")});
  {
    SQLite::Database earlier(folder_.path() / "run.db", SQLite::OPEN_READWRITE);
    earlier.exec("ALTER TABLE run DROP COLUMN templates; PRAGMA user_version = 4");
  }
  EXPECT_TRUE(open().run().templates.empty());
}

TEST_F(journal_test, one_of_the_third_version_is_brought_up_to_date) {
  create().write({hop_of("t", "a")});
  {
    SQLite::Database earlier(folder_.path() / "run.db", SQLite::OPEN_READWRITE);
    earlier.exec(
        "ALTER TABLE hops DROP COLUMN thought; ALTER TABLE run DROP COLUMN templates; PRAGMA user_version = 3");
  }
  auto later = hop_of("t", "b");
  later.agent.thought.warnings = {thought_warning::same_token};
  open().write({later});
  const auto back = open().open_hops()["latent"].at("t");
  ASSERT_EQ(back.size(), 2U);
  EXPECT_TRUE(back[0].agent.thought.empty());
  EXPECT_EQ(back[1].agent.thought.warnings, later.agent.thought.warnings);
}

TEST_F(journal_test, one_of_the_second_version_is_brought_up_to_date) {
  create().write({hop_of("t", "a")});
  {
    SQLite::Database earlier(folder_.path() / "run.db", SQLite::OPEN_READWRITE);
    earlier.exec(
        "ALTER TABLE hops DROP COLUMN guessed_tokens; ALTER TABLE hops DROP COLUMN accepted_tokens; "
        "ALTER TABLE hops DROP COLUMN thought; ALTER TABLE run DROP COLUMN templates; PRAGMA user_version = 2");
  }
  auto later = hop_of("t", "b");
  later.agent.counts.guessed_tokens = 5;
  open().write({later});
  const auto back = open().open_hops()["latent"].at("t");
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].agent.counts.guessed_tokens, 0);
  EXPECT_EQ(back[1].agent.counts.guessed_tokens, 5);
}

TEST_F(journal_test, one_of_the_first_version_is_brought_up_to_date) {
  auto failed = hop_of("t", "b");
  failed.agent.fail({error_code::not_finite, "broken"});
  create().write({hop_of("t", "a"), failed});
  {
    SQLite::Database earlier(folder_.path() / "run.db", SQLite::OPEN_READWRITE);
    earlier.exec("ALTER TABLE hops DROP COLUMN error_code; ALTER TABLE hops DROP COLUMN guessed_tokens; "
                 "ALTER TABLE hops DROP COLUMN accepted_tokens; ALTER TABLE hops DROP COLUMN thought; ALTER TABLE run "
                 "DROP COLUMN templates; "
                 "PRAGMA user_version = 1");
  }
  auto late = hop_of("t", "c");
  late.agent.fail({error_code::time_limit, "late"});
  open().write({late});
  const auto back = open().open_hops()["latent"].at("t");
  ASSERT_EQ(back.size(), 3U);
  EXPECT_EQ(back[1].agent.error, "broken");
  EXPECT_EQ(back[1].agent.error_code, std::nullopt);
  EXPECT_EQ(back[2].agent.error_code, error_code::time_limit);
}

} // namespace
