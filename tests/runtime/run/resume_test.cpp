// Going on with a run: what is mended, and what must be as it was.
#include <iostream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/run/resume.hpp"
#include "tests/runtime/journal/journal_folder.hpp"
#include "transport/sha256.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

const std::string questions = "{\"id\": \"a\", \"q\": 1}\n{\"id\": \"b\", \"q\": 2}\n{\"id\": \"c\", \"q\": 3}\n";

record record_of(const std::string& id, int q) { return {id, {{"id", id}, {"q", q}}, 0}; }

class resume_test : public testing::Test {
protected:
  temporary_folder folder_;
  saved_run run_ = run_of_all_modes();
  pipeline pipeline_;

  void SetUp() override {
    folder_.write("questions.jsonl", questions);
    pipeline_.modes = run_.modes;
    pipeline_.input.file = folder_.path() / "questions.jsonl";
    run_.input = pipeline_.input.file->string();
    run_.input_digest = input_digest(pipeline_.input);
    run_.records = 3;
  }

  void begin(const std::vector<journal_entry>& entries = {}) {
    journal_database::create(folder_.path(), run_).write(entries);
  }

  std::string check(bool read_stdin = false) {
    resumption earlier(folder_.path());
    input_source input(pipeline_, std::nullopt);
    try {
      earlier.check_input(pipeline_, input, read_stdin);
    } catch (const resume_error& error) {
      return error.what();
    }
    return "";
  }

  static std::string line(const std::string& task, mode mode) { return result_of(task, mode).line + "\n"; }
};

TEST(resume_command_test, a_folder_is_named_as_a_shell_reads_it) {
  EXPECT_EQ(resume_command("avp-runs/x-1_2.3"), "avp-run --resume avp-runs/x-1_2.3");
  EXPECT_EQ(resume_command("it's here"), "avp-run --resume 'it'\\''s here'");
}

TEST_F(resume_test, a_chat_template_from_a_file_must_be_as_it_was) {
  folder_.write("x.jinja", "{{ messages }}");
  run_.input.reset();
  run_.ask = "q";
  run_.file = folder_.path() / "p.toml";
  run_.pipeline = "flow = [\"a\"]\n[model.m]\nsource = \"smollm2-135m-instruct\"\nchat_template = \"file:x.jinja\"\n"
                  "[agent.a]\nkind = \"generate\"\nprompt = \"{{question}}\"\n";
  run_.templates = {"m " + sha256_hex("{{ messages }}")};
  begin();
  const resumption earlier(folder_.path());
  const auto loaded = earlier.load({{"generate", true}});
  EXPECT_TRUE(loaded.pipeline) << to_string(loaded.mistakes);
  folder_.write("x.jinja", "{{ messages }} ");
  try {
    (void)earlier.load({{"generate", true}});
    FAIL() << "went on with another chat template";
  } catch (const resume_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("chat template"));
  }
}

TEST_F(resume_test, a_torn_line_is_mended_from_the_journal) {
  begin({result_of("a", mode::latent), result_of("b", mode::latent)});
  folder_.write("results.jsonl", line("a", mode::latent) + line("b", mode::latent).substr(0, 30));
  resumption earlier(folder_.path());
  earlier.restore();
  EXPECT_EQ(folder_.text("results.jsonl"), line("a", mode::latent) + line("b", mode::latent));
  EXPECT_EQ(earlier.finished("latent"), (std::set<std::string>{"a", "b"}));
  EXPECT_TRUE(earlier.finished("text").empty());
  EXPECT_EQ(earlier.seconds("latent"), 1.5);
  EXPECT_EQ(earlier.seconds("text"), 0);
}

TEST_F(resume_test, a_torn_line_that_the_journal_lacks_goes) {
  begin({result_of("a", mode::latent)});
  folder_.write("results.jsonl", line("a", mode::latent) + line("b", mode::latent).substr(0, 30));
  resumption(folder_.path()).restore();
  EXPECT_EQ(folder_.text("results.jsonl"), line("a", mode::latent));
}

TEST_F(resume_test, a_line_that_the_journal_lacks_comes_into_it_even_without_its_line_break) {
  begin({result_of("a", mode::latent)});
  const auto whole = line("b", mode::text) + line("a", mode::latent);
  folder_.write("results.jsonl", whole.substr(0, whole.size() - 1));
  resumption(folder_.path()).restore();
  EXPECT_EQ(folder_.text("results.jsonl"), whole);
  resumption again(folder_.path());
  again.restore();
  EXPECT_EQ(again.finished("text"), std::set<std::string>{"b"});
  EXPECT_EQ(again.results().size(), 2U);
}

TEST_F(resume_test, bytes_that_a_power_cut_left_and_a_lost_file_are_mended) {
  begin({result_of("a", mode::latent), result_of("b", mode::latent)});
  folder_.write("results.jsonl", std::string(100, '\0') + "\n" + line("b", mode::latent) + line("b", mode::latent));
  resumption(folder_.path()).restore();
  EXPECT_EQ(folder_.text("results.jsonl"), line("b", mode::latent) + line("a", mode::latent));
  std::filesystem::remove(folder_.path() / "results.jsonl");
  resumption(folder_.path()).restore();
  EXPECT_EQ(folder_.text("results.jsonl"), line("a", mode::latent) + line("b", mode::latent));
}

TEST_F(resume_test, it_is_complete_when_every_task_has_a_result_in_every_mode) {
  std::vector<journal_entry> entries;
  for (const auto* task : {"a", "b", "c"})
    for (const auto mode : run_.modes)
      entries.emplace_back(result_of(task, mode));
  const auto last = entries.back();
  entries.pop_back();
  begin(entries);
  {
    resumption earlier(folder_.path());
    earlier.restore();
    EXPECT_FALSE(earlier.is_complete(run_.modes.size(), false));
    earlier.take_database().write({last});
  }
  resumption earlier(folder_.path());
  earlier.restore();
  EXPECT_TRUE(earlier.is_complete(run_.modes.size(), false));
}

TEST_F(resume_test, an_input_as_it_was_may_be_written_otherwise) {
  begin({saved_record{0, record_of("a", 1)}});
  EXPECT_EQ(check(), "");
  folder_.write("questions.jsonl",
                "\xEF\xBB\xBF{\"id\":\"a\",\"q\":1}\r\n\n{\"id\":\"b\",\"q\":2}\n{\"id\":\"c\",\"q\":3}");
  EXPECT_EQ(check(), "");
}

TEST_F(resume_test, an_input_that_changed_is_told_by_task) {
  begin({saved_record{0, record_of("a", 1)}, saved_record{1, record_of("b", 2)}});
  folder_.write("questions.jsonl", "{\"id\": \"a\", \"q\": 1}\n{\"id\": \"b\", \"q\": 20}\n");
  EXPECT_THAT(check(), HasSubstr("the record of the task 'b' is not what it was"));
  folder_.write("questions.jsonl", "{\"id\": \"a\", \"q\": 1}\n{\"id\": \"c\", \"q\": 3}\n");
  EXPECT_THAT(check(), HasSubstr("the task 'b', which the run had begun, is no longer where it was; 'c' stands there"));
  folder_.write("questions.jsonl", "{\"id\": \"a\", \"q\": 1}\n");
  EXPECT_THAT(check(), HasSubstr("the task 'b', which the run had begun, is no longer in it"));
  folder_.write("questions.jsonl", questions + "{\"id\": \"d\", \"q\": 4}\n");
  EXPECT_THAT(check(), HasSubstr("records that the run had not begun have been added, taken out or changed"));
  EXPECT_THAT(check(), HasSubstr("the input '" + *run_.input + "' has changed since the run began"));
  pipeline_.input.limit = 3; // as when it began with a limit
  EXPECT_EQ(check(), "");
}

TEST_F(resume_test, a_run_that_reads_a_file_takes_no_standard_input) {
  begin();
  EXPECT_THAT(check(true), HasSubstr("does not read standard input; leave out --input"));
}

// Standard input for as long as it lives.
class typed {
public:
  explicit typed(const std::string& text) : text_(text), before_(std::cin.rdbuf(text_.rdbuf())) { std::cin.clear(); }
  ~typed() {
    std::cin.rdbuf(before_);
    std::cin.clear();
  }

private:
  std::istringstream text_;
  std::streambuf* before_;
};

std::vector<std::string> ids(record_feed::source next) {
  std::vector<std::string> ids;
  while (const auto item = next())
    ids.push_back(std::visit([](const auto& one) { return one.id; }, *item));
  return ids;
}

class resumed_stdin_test : public resume_test {
protected:
  void SetUp() override {
    pipeline_.modes = run_.modes;
    pipeline_.input.file = "-";
    run_.input = "-";
    run_.input_digest.clear();
    begin({saved_record{0, record_of("a", 1)}, saved_record{1, bad_line{"line 2", 2, 1, "not JSON: syntax error"}}});
  }
};

TEST_F(resumed_stdin_test, what_was_read_is_there_and_more_may_lack) {
  resumption earlier(folder_.path());
  input_source input(pipeline_, std::nullopt);
  earlier.check_input(pipeline_, input, false);
  const typed text(questions);
  EXPECT_TRUE(input.may_lack_input());
  EXPECT_EQ(ids(input.open()), (std::vector<std::string>{"a", "line 2"}));
  EXPECT_TRUE(input.may_lack_input());
}

TEST_F(resumed_stdin_test, another_input_is_told_by_task) {
  const typed text(questions);
  EXPECT_THAT(check(true), HasSubstr("'line 2', which the run had begun, is no longer where it was; 'b' stands there"));
}

TEST_F(resumed_stdin_test, records_come_that_were_read_and_those_after_them) {
  std::filesystem::remove(folder_.path() / "run.db");
  begin({saved_record{0, record_of("a", 1)}});
  const typed text(questions);
  resumption earlier(folder_.path());
  input_source input(pipeline_, std::nullopt);
  earlier.check_input(pipeline_, input, true);
  EXPECT_TRUE(input.may_lack_input());
  EXPECT_EQ(ids(input.open()), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(ids(input.open()), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_FALSE(input.may_lack_input());
  const auto* all = input.end_stdin();
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->size(), 3U);
}

TEST_F(resumed_stdin_test, an_end_that_comes_after_the_reading_was_ended_counts_for_nothing) {
  const typed text(questions);
  input_source input(pipeline_, std::nullopt);
  const auto next = input.open();
  EXPECT_TRUE(next());
  EXPECT_EQ(input.end_stdin(), nullptr);
  EXPECT_FALSE(next());
  EXPECT_EQ(input.end_stdin(), nullptr);
  EXPECT_TRUE(input.may_lack_input());
}

TEST(task_result_test, a_line_is_read_back) {
  task_result result;
  result.task = "t";
  result.mode = mode::text;
  result.fail({error_code::context_too_long, "agent 'a': too long"});
  result.expected = "7";
  result.score = 0.5;
  result.ms = 12.5;
  agent_result agent;
  agent.name = "a";
  agent.kind = "think";
  agent.node = "local";
  agent.text = "é";
  agent.fail({error_code::time_limit, "left out"});
  agent.counts.prompt_tokens = 3;
  agent.handed_over = {4, 5, 6};
  agent.received = {
      {"b", projection_facts{projection_method::vocab_overlap, pairing::bytes, 1, 5, 54.1, 0.02, 3.1, 0.2, 0.1, 0.6}},
      {"c", std::nullopt},
      {"d", std::nullopt, true}};
  result.agents = {agent};
  EXPECT_EQ(to_json_line(from_json_line(to_json_line(result))), to_json_line(result));
  EXPECT_EQ(from_json_line(to_json_line(result)).error_code, error_code::context_too_long);
  const auto again = from_json_line(to_json_line(result)).agents.at(0).received;
  EXPECT_EQ(again.at(0).facts, agent.received[0].facts);
  EXPECT_EQ(again.at(0).path() + " " + again.at(1).path() + " " + again.at(2).path(), "vocab_overlap projection text");
  auto earlier = nlohmann::json::parse(to_json_line(result)); // a line of before there were codes
  EXPECT_EQ(earlier["agents"][0]["error_code"], "time_limit");
  earlier.erase("error_code");
  earlier["agents"][0].erase("error_code");
  EXPECT_EQ(from_json_line(earlier.dump()).error_code, std::nullopt);
  EXPECT_EQ(from_json_line(earlier.dump()).error, result.error);
  EXPECT_ANY_THROW(from_json_line("{}"));
  EXPECT_ANY_THROW(from_json_line(to_json_line(result).substr(0, 50)));
}

} // namespace
