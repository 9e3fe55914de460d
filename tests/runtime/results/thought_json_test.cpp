// Thoughts in results, in their sums, and on terminals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/results/summary.hpp"
#include "runtime/run/thought_text.hpp"

namespace avp {
namespace {

using testing::HasSubstr;
using testing::Not;

agent_result thinker(const std::string& name) {
  agent_result agent{.name = name, .kind = "think", .node = "local"};
  agent.thought.steps = {
      {.tokens = {{11, " To", 0.41234567}, {12, "\x1b[2J", 0.2}}, .entropy = 2.345678, .norm = 145.25},
      {.tokens = {{13, "", 1}}, .entropy = 0, .norm = 140, .cosine = 0.98765432}};
  agent.thought.warnings = {thought_warning::same_token, thought_warning::norm_blown_up};
  return agent;
}

TEST(thoughts_in_results, stand_with_their_agent) {
  task_result result{.task = "t"};
  result.agents = {thinker("a"), {.name = "b"}};
  const auto object = nlohmann::ordered_json::parse(to_json_line(result));
  EXPECT_EQ(
      object["agents"][0]["thought"].dump(),
      R"({"warnings":["same_token","norm_blown_up"],"steps":[)"
      R"({"tokens":[{"id":11,"text":" To","probability":0.412346},{"id":12,"text":"\u001b[2J","probability":0.2}],)"
      R"("entropy":2.3457,"norm":145.25,"cosine":null},)"
      R"({"tokens":[{"id":13,"text":"","probability":1.0}],"entropy":0.0,"norm":140.0,"cosine":0.9877}]})");
  EXPECT_TRUE(object["agents"][1]["thought"].is_null());
}

TEST(thoughts_in_results, are_read_back) {
  task_result result{.task = "t"};
  result.agents = {thinker("a"), {.name = "b"}};
  const auto line = to_json_line(result);
  EXPECT_EQ(to_json_line(from_json_line(line)), line);
}

TEST(thoughts_in_results, may_be_lacking_or_have_warnings_of_another_version) {
  task_result result{.task = "t"};
  result.agents = {thinker("a")};
  auto object = nlohmann::ordered_json::parse(to_json_line(result));
  object["agents"][0]["thought"]["warnings"].push_back("of_tomorrow");
  EXPECT_EQ(from_json_line(object.dump()).agents[0].thought.warnings, result.agents[0].thought.warnings);
  object["agents"][0].erase("thought");
  EXPECT_TRUE(from_json_line(object.dump()).agents[0].thought.empty());
}

TEST(thoughts_in_results, that_degenerate_are_counted_by_hops) {
  summary sums;
  task_result result{.task = "t"};
  result.agents = {thinker("a"), thinker("b"), {.name = "c"}};
  result.agents[1].thought.warnings = {thought_warning::same_token};
  sums.add(result);
  EXPECT_THAT(sums.table(), HasSubstr("\nthoughts that degenerated in latent mode, by hops: same_token 2, "
                                      "norm_blown_up 1\n"));
  EXPECT_EQ(sums.json()[0]["thought_warnings"].dump(), R"({"same_token":2,"entropy_collapsed":0,"norm_blown_up":1})");
  summary fine;
  fine.add({.task = "t"});
  EXPECT_THAT(fine.table(), Not(HasSubstr("degenerated")));
}

TEST(thoughts_on_a_terminal, are_a_line_for_each_step) {
  EXPECT_EQ(thought_text(thinker("a")), "a thought, and would have said:\n"
                                        "  step  entropy      norm  cosine  tokens\n"
                                        "     1     2.35     145.2       -  \" To\" 0.41 \"\\u001b[2J\" 0.20\n"
                                        "     2     0.00     140.0   0.988  \"\" 1.00\n"
                                        "  warning: same_token\n"
                                        "  warning: norm_blown_up\n");
  auto silent = thinker("a");
  silent.thought.steps.clear();
  EXPECT_EQ(thought_text(silent), "");
}

} // namespace
} // namespace avp
