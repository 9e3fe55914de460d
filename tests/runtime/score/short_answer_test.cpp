// Short answers: found, normalised, and compared word by word.
#include <fstream>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "runtime/score/score.hpp"
#include "runtime/score/short_answer.hpp"
#include "tests/test_data.hpp"

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

TEST(short_answer, stands_behind_its_mark) {
  const auto found = [](const std::string& text) { return normal_answer(final_short_answer(text)); };
  for (const std::string text : {"Answer: the Eiffel Tower",
                                 "answer: Eiffel Tower.",
                                 "**Answer:** Eiffel Tower",
                                 "**Answer**: Eiffel Tower",
                                 "**Answer: Eiffel Tower**",
                                 "__Answer:__ Eiffel Tower",
                                 "Final answer: the Eiffel Tower",
                                 "### Final Answer\n\nEiffel Tower",
                                 "**Final Answer**\n**Eiffel Tower**",
                                 "Answer:\n\nEiffel Tower\nIt is in Paris.",
                                 "Answer - Eiffel Tower",
                                 "answer = Eiffel Tower",
                                 "The answer is Eiffel Tower.",
                                 "The answer is: the Eiffel Tower",
                                 "So the final answer is **Eiffel Tower**, in Paris.",
                                 "The correct answer would be the Eiffel Tower",
                                 "The answer to your question is the Eiffel Tower.",
                                 "The answer to the question \"what is tall?\" is:\nEiffel Tower",
                                 "1. Answer: Eiffel Tower",
                                 "> Answer: Eiffel Tower",
                                 "Answer: I think the answer is the Eiffel Tower",
                                 "Answer: Eiffel Tower\nThis answer is only a guess.",
                                 "<answer>the Eiffel Tower</answer> is what the answer is",
                                 "the Eiffel Tower",
                                 "Answer: \u201CEiffel Tower\u201D",
                                 "\\text{Eiffel Tower}",
                                 "\\boxed{\\textbf{\\text{Eiffel Tower}}}",
                                 "\\boxed{\\text{Eiffel}\\ \\text{Tower}}",
                                 "Answer: London\nAnswer: Eiffel Tower",
                                 "Answer:\r\nEiffel Tower\r\nBye\r\n"})
    EXPECT_EQ(found(text), "eiffel tower") << text;
  EXPECT_EQ(found("It is **the Louvre** or **the Orsay**; the answer is **the Louvre** and **the Orsay**"),
            "louvre and orsay");
  EXPECT_EQ(found("My answering machine"), "my answering machine");
  EXPECT_EQ(found("Answer"), "answer");
  EXPECT_EQ(found("Answer: **"), "answer") << "nothing but marks";
  EXPECT_EQ(found(""), "");
}

TEST(short_answer, letters_are_equal_in_all_scripts_and_shapes) {
  const std::vector<std::pair<std::string, std::string>> same = {
      {"\u201CParis\u201D", "Paris"},
      {"\u00ABParis\u00BB", "paris"},
      {"\u300CParis\u300D\u3002", "Paris"},
      {"O\u2019Brien", "O'Brien"},
      {"O\u00B4Brien", "O'Brien"},
      {"Hawai\u02BBi", "Hawai'i"},
      {"1939\u20131945", "1939-1945"},
      {"\u22125 degrees", "-5 degrees"},
      {"co\u00ADoperate", "cooperate"},
      {"New\u00A0York\u2003City", "New York City"},
      {"Par\u200Bis\uFEFF", "Paris"},
      {"\uFF30aris\uFF01\u3000\uFF11\uFF19", "Paris 19"},
      {"Beyonc\u0065\u0301", "Beyonc\u00E9"},
      {"BEYONC\u00C9", "beyonc\u00E9"},
      {"\u00C5ngstr\u00F6m", "A\u030Angstro\u0308m"},
      {"GRO\u1E9EE STRASSE", "gro\u00DFe Stra\u00DFe"},
      {"\u0130stanbul", "istanbul"},
      {"\u0130STANBUL", "i\u0307stanbul"},
      {"\u039F\u0394\u03A5\u03A3\u03A3\u0395\u03A5\u03A3", "\u03BF\u03B4\u03C5\u03C3\u03C3\u03B5\u03C5\u03C2"},
      {"\u041C\u041E\u0421\u041A\u0412\u0410", "\u041C\u043E\u0441\u043A\u0432\u0430"},
      {"\uFB01nal", "final"},
      {"100 km\u00B2", "100 km2"},
      {"wait\u2026", "wait..."},
      {"\u00BFParis?", "Paris"},
      {"the\u00A0Beatles", "Beatles"},
      {"\u00C9douard\u2014the\u2014Manet", "\u00C9douard\u2013the\u2013Manet"},
  };
  for (const auto& [given, expected] : same) {
    EXPECT_EQ(score(score_kind::answer_exact, given, expected), 1) << given << " | " << expected;
    EXPECT_EQ(score(score_kind::answer_exact, expected, given), 1) << expected << " | " << given;
    EXPECT_EQ(score(score_kind::f1, given, expected), 1) << given << " | " << expected;
  }
}

TEST(short_answer, other_letters_are_other_answers) {
  const std::vector<std::pair<std::string, std::string>> different = {
      {"Rene", "Ren\u00E9"}, {"Gru\u00DF", "Gruse"}, {"\u00C4rger", "Arger"},         {"\u041C\u0438\u0440", "Mup"},
      {"\u00A35", "5"},      {"\xFF", "\xFF\xFF"},   {"\u4E1C\u4EAC", "\u5317\u4EAC"}};
  for (const auto& [given, expected] : different) {
    EXPECT_EQ(score(score_kind::answer_exact, given, expected), 0) << given << " | " << expected;
    EXPECT_EQ(score(score_kind::f1, given, expected), 0) << given << " | " << expected;
  }
}

TEST(short_answer, of_articles_or_marks_alone_is_compared_as_it_is) {
  for (const auto kind : {score_kind::answer_exact, score_kind::f1}) {
    EXPECT_EQ(score(kind, "a", "A"), 1);
    EXPECT_EQ(score(kind, "(A)", "A"), 1);
    EXPECT_EQ(score(kind, "", "A"), 0);
    EXPECT_EQ(score(kind, "the", "A"), 0);
    EXPECT_EQ(score(kind, "+", "+"), 1);
    EXPECT_EQ(score(kind, "-", "+"), 0);
    EXPECT_EQ(score(kind, "", "!"), 0);
  }
}

// Values that normalize_answer of hotpot_evaluate_v1.py gives.
TEST(short_answer, is_normalised_like_the_published_evaluations_for_ascii) {
  EXPECT_EQ(normal_answer("the-cat a_b _the_ a.n. THE\tend\n"), "thecat ab end");
  EXPECT_EQ(normal_answer("a\x01 b the\x1f cat\x1c dog"), "\x01 b cat dog");
  EXPECT_EQ(normal_answer("\x01the\x02"), "\x01 \x02");
  EXPECT_EQ(normal_answer("(an) `a` ~the~ ^A^ |an|"), "");
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
  std::ifstream file(test::test_data("../../pipelines/data/hotpotqa_distractor.jsonl"));
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
