// Short answers: found, normalised, and compared word by word.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <avp/runtime/score/score.hpp>
#include <avp/runtime/score/short_answer.hpp>

namespace avp {
namespace {

TEST(short_answer, is_found) {
  EXPECT_EQ(final_short_answer("It is \\boxed{\\text{Paris}}, I think."), "Paris");
  EXPECT_EQ(final_short_answer("\\boxed{1990} or \\boxed{the year 1991}"), "the year 1991");
  EXPECT_EQ(final_short_answer("Reasons.\nThe answer is Chief of Protocol.\nBye."), "Chief of Protocol.");
  EXPECT_EQ(final_short_answer("**Answer:** yes"), "yes");
  EXPECT_EQ(final_short_answer(" Paris \n"), "Paris");
  EXPECT_EQ(final_short_answer("The answer is"), "The answer is");
}

TEST(short_answer, is_normalised_as_the_official_evaluation_does) {
  EXPECT_EQ(normal_answer("The  Quick, brown fox's (an) A-ha!"), "quick brown foxs aha");
  EXPECT_EQ(normal_answer("a an the"), "");
  EXPECT_EQ(normal_answer("Theatre of an Anthem"), "theatre of anthem");
  EXPECT_EQ(normal_answer("U.S. $1,000"), "us 1000");
  EXPECT_EQ(normal_answer("beschr\u00E4nkter Haftung"), "beschr\u00E4nkter haftung");
}

TEST(short_answer, exact) {
  EXPECT_EQ(score(score_kind::answer_exact, "\\boxed{The Beatles.}", "beatles"), 1);
  EXPECT_EQ(score(score_kind::answer_exact, "\\boxed{The Beatles of Liverpool}", "The Beatles"), 0);
  EXPECT_EQ(score(score_kind::answer_exact, "Beatles", " "), std::nullopt);
}

TEST(short_answer, f1_counts_common_words) {
  EXPECT_EQ(score(score_kind::f1, "Chief of Protocol", "chief of protocol"), 1);
  EXPECT_DOUBLE_EQ(word_f1("Chief of Protocol of the US", "Chief of Protocol"), 2 * 3.0 / (5 + 3));
  EXPECT_DOUBLE_EQ(word_f1("of of of", "of"), 2 * 1.0 / (3 + 1));
  EXPECT_EQ(word_f1("Paris", "London"), 0);
  EXPECT_EQ(word_f1("", "London"), 0);
  EXPECT_EQ(word_f1("London", "the"), 0);
}

TEST(short_answer, yes_and_no_match_themselves_only) {
  EXPECT_EQ(word_f1("yes", "Yes."), 1);
  EXPECT_EQ(word_f1("yes it is", "yes"), 0);
  EXPECT_EQ(word_f1("no", "no man"), 0);
}

TEST(short_answer, every_answer_of_hotpotqa_is_right_for_its_question) {
  std::ifstream file(AVP_TEST_DATA "/../../pipelines/data/hotpotqa_distractor.jsonl");
  int count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    const std::string answer = nlohmann::json::parse(line).at("answer");
    for (const auto kind : {score_kind::f1, score_kind::answer_exact}) {
      EXPECT_EQ(score(kind, "So it is \\boxed{" + answer + "}.", answer), 1) << answer;
      EXPECT_EQ(score(kind, "quite unknown", answer), 0) << answer;
    }
  }
  EXPECT_EQ(count, 200);
}

} // namespace
} // namespace avp
