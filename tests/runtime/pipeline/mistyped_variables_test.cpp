// Variables that look like slips, where the fields of the records are unknown; and those that only look alike.
#include <filesystem>

#include "runtime/pipeline/mistyped_variables.hpp"
#include "tests/runtime/pipeline/pipeline_text.hpp"
#include "tests/test_data.hpp"

namespace avp {
namespace {

using test::chain;
using test::kinds;
using test::mistakes_of;
using test::replaced;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> warnings_of(const std::string& text, load_options options = {.kinds = kinds}) {
  const auto result = load_pipeline(text, "p.toml", options);
  EXPECT_THAT(to_string(result.mistakes), "");
  std::vector<std::string> lines;
  for (const auto& warning : result.warnings)
    lines.push_back(to_string(warning));
  return lines;
}

const auto typo = replaced(chain, "Plan: {{question}}", "Plan: {{qestion}}");
constexpr auto typo_warning = "p.toml:6:17: {{qestion}} counts as a field of the records, as does {{question}} in "
                              "[agent.judge], line 9; did you mean \"question\"?";

TEST(mistyped_variables, a_field_like_one_of_more_prompts) {
  EXPECT_THAT(warnings_of(typo), ElementsAre(typo_warning));
}

TEST(mistyped_variables, each_place_is_told) {
  const auto thrice = replaced(chain, "Plan: {{question}}", "{{qestion}} {{qestion}}");
  EXPECT_THAT(warnings_of(thrice), testing::SizeIs(2));
}

TEST(mistyped_variables, the_table_that_has_the_text_is_named) {
  const auto shared = replaced(typo, "prompt = \"Answer: {{question}}\"\n", "") +
                      "[defaults]\nprompt = \"\"\"\n\nAnswer: {{question}}\"\"\"\n";
  EXPECT_THAT(warnings_of(shared),
              ElementsAre("p.toml:6:17: {{qestion}} counts as a field of the records, as does {{question}} in "
                          "[defaults], line 13; did you mean \"question\"?"));
  const load_options set{.kinds = kinds, .overrides = {"defaults.system=About {{question}}"}};
  EXPECT_THAT(warnings_of(typo, set),
              ElementsAre("p.toml:6:17: {{qestion}} counts as a field of the records, as does {{question}} in "
                          "[defaults]; did you mean \"question\"?"));
}

TEST(mistyped_variables, what_agents_share_counts_once) {
  const auto shared = replaced(chain, "Plan: {{question}}", "Plan.") + "[defaults]\nsystem = \"{{qestion}}\"\n";
  EXPECT_THAT(warnings_of(shared), ElementsAre(testing::StartsWith("p.toml:12:11: {{qestion}} counts as a field")))
      << "it is in one text, which both agents have, and the other in two";
}

TEST(mistyped_variables, of_two_prompts_the_first_counts_and_what_ask_names_before_all) {
  const auto even =
      replaced(chain, "text_prompt = \"{{planner}} Answer: {{question}}\"", "text_prompt = \"{{planner}}\"");
  const auto second = replaced(even, "Answer: {{question}}", "Answer: {{qestion}}");
  EXPECT_THAT(warnings_of(second),
              ElementsAre("p.toml:9:19: {{qestion}} counts as a field of the records, as does {{question}} in "
                          "[agent.planner], line 6; did you mean \"question\"?"));
  EXPECT_THAT(warnings_of(replaced(typo, "\"{{planner}} Answer: {{question}}\"", "\"{{planner}}\"") +
                          "[input]\nask = \"question\"\n"),
              ElementsAre(typo_warning));
}

TEST(mistyped_variables, an_agent_that_comes_before) {
  EXPECT_THAT(warnings_of(replaced(chain, "{{planner}}", "{{plannre}}")),
              ElementsAre("p.toml:10:16: {{plannre}} counts as a field of the records; did you mean \"planner\"?"));
  EXPECT_THAT(warnings_of(replaced(chain, "Plan: {{question}}", "{{judges}} {{question}}")), IsEmpty())
      << "it comes behind";
}

TEST(mistyped_variables, what_the_kind_gives) {
  const auto best = replaced(chain, "kind = \"generate\"", "kind = \"best_of\"") +
                    "[agent.judge.options]\njudge = \"{{candidat}} of {{question}}\"\n";
  EXPECT_THAT(warnings_of(best, {.kinds = registry().kinds()}),
              ElementsAre("p.toml:12:10: {{candidat}} counts as a field of the records; did you mean \"candidate\"?"));
}

TEST(mistyped_variables, a_question_can_fill_only_one) {
  const load_options ask{.kinds = kinds, .ask = true};
  EXPECT_THAT(mistakes_of(typo, ask), ElementsAre("p.toml:6:17: nothing gives {{qestion}}: the question fills "
                                                  "{{question}}; did you mean \"question\"?"));
  const load_options ask_in_text{.kinds = kinds, .modes = modes_named("text"), .ask = true};
  EXPECT_THAT(mistakes_of(replaced(chain, "{{planner}}", "{{plannre}}"), ask_in_text),
              ElementsAre("p.toml:10:16: nothing gives {{plannre}}: the question fills {{question}}; did you mean "
                          "\"planner\"?"));
}

TEST(mistyped_variables, names_that_are_alike_on_purpose) {
  for (const auto* other : {"question2", "answer", "hint", "qstn"})
    EXPECT_THAT(warnings_of(replaced(chain, "Plan: {{question}}", std::string("{{") + other + "}}")), IsEmpty())
        << other;
  EXPECT_THAT(warnings_of(replaced(chain, "Plan: {{question}}", "{{qestion}} {{question}}")), IsEmpty())
      << "who names both knows the difference";
}

TEST(mistyped_variables, slips) {
  EXPECT_TRUE(is_slip("qestion", "question"));
  EXPECT_TRUE(is_slip("quesiton", "question"));
  EXPECT_TRUE(is_slip("Question", "question"));
  EXPECT_TRUE(is_slip("plannre", "planner"));
  EXPECT_TRUE(is_slip("buggy-code", "buggy_code"));
  EXPECT_FALSE(is_slip("question", "questionnaire"));
  EXPECT_FALSE(is_slip("answer1", "answer2"));
  EXPECT_FALSE(is_slip("answer", "answer2"));
  EXPECT_FALSE(is_slip("option_a", "option_b"));
  EXPECT_FALSE(is_slip("key", "kez"));
  EXPECT_FALSE(is_slip("critic", "critical"));
  EXPECT_FALSE(is_slip("solver", "solution"));
}

TEST(mistyped_variables, shipped_pipelines_have_none) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::test_data("../../pipelines")))
    if (entry.path().extension() == ".toml") {
      const auto loaded = load_pipeline_file(entry.path(), {.kinds = registry().kinds(), .input = "-"});
      EXPECT_THAT(to_string(loaded.mistakes), "") << entry.path();
      EXPECT_THAT(to_string(loaded.warnings), "") << entry.path();
      ++count;
    }
  EXPECT_GT(count, 10);
}

} // namespace
} // namespace avp
