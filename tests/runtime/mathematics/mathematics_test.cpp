// Mathematical answers: pairs that mean the same, pairs that do not, and the whole of MATH-500 against itself.
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "runtime/score/mathematics.hpp"
#include "runtime/score/score.hpp"
#include "tests/test_data.hpp"

namespace avp {
namespace {

std::vector<nlohmann::json> lines_of(const std::string& name) {
  std::ifstream file(test::test_data(name));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);)
    lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(mathematics, fixtures_have_their_scores) {
  int count = 0;
  for (const auto& line : lines_of("scores.jsonl")) {
    const auto kind = *value_named<score_kind>(line.at("kind").get<std::string>());
    if (kind != score_kind::math && kind != score_kind::number)
      continue;
    ++count;
    EXPECT_EQ(score(kind, line.at("answer").get<std::string>(), line.at("expected").get<std::string>()),
              line.at("score").get<double>())
        << line;
  }
  EXPECT_GE(count, 39);
}

TEST(mathematics, pairs_mean_the_same_or_not_both_ways) {
  const auto lines = lines_of("math_pairs.jsonl");
  EXPECT_GT(lines.size(), 500U);
  for (const auto& line : lines) {
    const std::string answer = line.at("answer");
    const std::string expected = line.at("expected");
    const bool same = line.at("score") == 1;
    EXPECT_EQ(equal_mathematics(answer, expected), same) << answer << "  |  " << expected;
    EXPECT_EQ(equal_mathematics(expected, answer), same) << expected << "  |  " << answer;
    if (!answer.empty()) {
      EXPECT_TRUE(equal_mathematics(answer, answer)) << answer;
    }
  }
}

TEST(mathematics, hostile_answers_are_unequal_and_end) {
  for (const std::string piece : {"(",        "[",  "{",      "\\{",     "|",          "-",       "!",
                                  ",",        "^",  "_",      "\\sqrt",  "\\frac",     "\\sin",   "\\left(",
                                  "x^",       "2^", "\\log_", "\\text{", "\\boxed{",   "f(",      "1/",
                                  "9",        "1,", "\\pm",   "\\cup",   "0.",         "\\binom", "\\begin{pmatrix}",
                                  "a=",       "a<", "1:",     "\\pi^",   "(1,2)\\cup", "e^{",     "x!",
                                  "\\mathbb", "\\", "$"})
    for (const std::size_t size : {10U, 300U, 990U}) {
      std::string text;
      while (text.size() + piece.size() <= size)
        text += piece;
      EXPECT_FALSE(equal_mathematics(text, "17")) << text;
      EXPECT_FALSE(equal_mathematics(text + "1", "17 m")) << text;
      EXPECT_TRUE(score(score_kind::number, text, "1").has_value()) << text;
    }
  EXPECT_FALSE(equal_mathematics(std::string(100000, '1'), "1"));
  EXPECT_EQ(final_mathematics(std::string(200000, '$')).size(), 200000U);
}

TEST(mathematics, a_text_cut_off_within_a_command_means_what_stands_before) {
  for (const std::string text :
       {"o it is", "So it isX \\boxed{", "Sk it s \\boxed{", "5", "x+1", "\\frac12", "\\text{no}", "\\mathbb{R}",
        "\\mathbb{R", "\\begin{pma\\\\", "\\overline{z", "(1,2", "\\begin{pmatrix}1\\\\2"}) {
    const auto cut = text + "\\";
    EXPECT_TRUE(equal_mathematics(cut, cut)) << cut;
    for (const std::string end : {"", " ", "\n", "\t", "\r\n"})
      for (const std::string begin : {"", " ", "\n"}) {
        EXPECT_TRUE(equal_mathematics(begin + cut + end, cut)) << begin + cut + end;
        EXPECT_TRUE(equal_mathematics(cut, begin + cut + end)) << begin + cut + end;
      }
    EXPECT_EQ(equal_mathematics(cut, text), equal_mathematics(text, text)) << cut;
  }
  EXPECT_FALSE(equal_mathematics("5\\", "6"));
  EXPECT_FALSE(equal_mathematics("\\", "5\\"));
}

TEST(mathematics, large_powers_neither_hang_nor_take_memory) {
  for (const std::string large :
       {"9^{9^{9}}",          "10^{10^{10}}",          "9^{9^{9^{9}}}",     "1000000!",
        "2^{1000000000}",     "(2^{100000})^{100000}", "10!!!!!",           "\\binom{10^{9}}{5\\cdot 10^8}",
        "(1+i)^{10^{9}}",     "\\sqrt{2}^{10^{12}}",   "e^{e^{e^{e^{e}}}}", "\\sin(10^{10^{10}})",
        "\\sin(e^{e^{100}})", "\\ln(10^{10^{100}})",   "(x+y)^{100000000}", "1e9999",
        "1e99999999999",      "\\sqrt[10^{20}]{2}",    "0.5^{10^{15}}",     "(\\frac{355}{113})^{10^{6}}"}) {
    EXPECT_FALSE(equal_mathematics(large, "3")) << large;
    EXPECT_FALSE(equal_mathematics(large, large + "+1")) << large;
    EXPECT_TRUE(equal_mathematics(large, " " + large)) << large;
    EXPECT_EQ(score(score_kind::number, large, "3.5"), 0) << large;
  }
}

TEST(mathematics, a_comparison_that_takes_too_long_is_given_up) {
  std::string many;
  for (int i = 0; many.size() < 900; ++i)
    many += "\\sin" + std::to_string(i) + ",";
  EXPECT_FALSE(equal_mathematics(many + "1", many + "2"));
  std::string deep = "x";
  for (int i = 0; i < 60; ++i)
    deep = "(" + deep + "+\\pi)^{9}";
  EXPECT_FALSE(equal_mathematics(deep, "1+" + deep));
}

TEST(mathematics, answers_are_found) {
  EXPECT_EQ(final_mathematics("so \\boxed{\\frac{1}{2}} or \\boxed{\\{1,2\\}} it is"), "\\{1,2\\}");
  EXPECT_EQ(final_mathematics("\\boxed{\\begin{pmatrix} 1 \\\\\n 2 \\end{pmatrix}}"),
            "\\begin{pmatrix} 1 \\\\\n 2 \\end{pmatrix}");
  EXPECT_EQ(final_mathematics("work\n#### 42\n"), "42");
  EXPECT_EQ(final_mathematics("The answer is $x = 3$ dollars."), "x = 3");
  EXPECT_EQ(final_mathematics("**Answer:** 7\nThanks"), "7");
  EXPECT_EQ(final_mathematics("first $a$ then $\\frac34$ is it"), "\\frac34");
  EXPECT_EQ(final_mathematics("we get 3 and then 1,234.5 of them"), "1,234.5");
  EXPECT_EQ(final_mathematics(" yes "), "yes");
  EXPECT_EQ(final_mathematics("\\frac{1}{2} "), "\\frac{1}{2}");
  EXPECT_EQ(final_mathematics("5\\text{ cm}^2"), "5\\text{ cm}^2");
  EXPECT_EQ(final_mathematics("It is \\frac{1}{2}, so 3"), "3");
}

TEST(mathematics, what_prose_says_of_a_name_is_the_answer) {
  EXPECT_EQ(final_mathematics("The number $n$ is 34"), "34");
  EXPECT_EQ(final_mathematics("The number $n$ is 34."), "34");
  EXPECT_EQ(final_mathematics("The number \\(n\\) must be 34, as it is even."), "34");
  EXPECT_EQ(final_mathematics("The value of $x_1$ is \\frac{1}{2}."), "\\frac{1}{2}");
  EXPECT_EQ(final_mathematics("So $f(2)$ = 7."), "7");
  EXPECT_EQ(final_mathematics("The answer is $AB$ = 5"), "5");
  EXPECT_EQ(final_mathematics("First $a$ is 3, and $b$ equals 1,200 of them."), "1,200");
  EXPECT_EQ(final_mathematics("The number $n$ is $34$, which is even"), "34");
  EXPECT_EQ(final_mathematics("We have 3 choices, so $x$."), "x");
  EXPECT_EQ(final_mathematics("It is $C$ because of rule 3"), "C");
  EXPECT_EQ(final_mathematics("It is $x$, which is 5 times less"), "x");
  EXPECT_EQ(final_mathematics("A 4 is $\\text{even}$ = divisible by 2"), "\\text{even}");
  EXPECT_EQ(final_mathematics("We get $2n$ is 34"), "2n");
}

// The solutions of MATH-500 in their own words against the answers that it gives for them, and against those of others.
TEST(mathematics, every_solution_of_math500_is_right_and_only_for_its_problem) {
  std::ifstream file(test::test_data("../../pipelines/data/math500.jsonl"));
  std::vector<std::string> solutions;
  std::vector<std::string> answers;
  for (std::string line; std::getline(file, line);) {
    const auto record = nlohmann::json::parse(line);
    solutions.push_back(record.at("solution"));
    answers.push_back(record.at("answer"));
    EXPECT_EQ(score(score_kind::math, solutions.back(), answers.back()), 1)
        << record.at("id") << ": " << final_mathematics(solutions.back()) << "  |  " << answers.back();
    EXPECT_EQ(score(score_kind::math, "\\boxed{" + answers.back() + "}", answers.back()), 1) << answers.back();
  }
  ASSERT_EQ(solutions.size(), 500U);
  int shared = 0; // small numbers occur more than once
  for (std::size_t i = 0; i + 1 < answers.size(); ++i)
    shared += score(score_kind::math, solutions[i], answers[i + 1]) == 1 ? 1 : 0;
  std::cout << "[   INFO   ] answers that equal the next problem's: " << shared << " of " << answers.size() - 1 << "\n";
  EXPECT_LT(shared, 10);
}

} // namespace
} // namespace avp
