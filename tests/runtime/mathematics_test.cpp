// Mathematical answers: pairs that mean the same, pairs that do not, and the whole of MATH-500 against itself.
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <avp/runtime/score/expression.hpp>
#include <avp/runtime/score/latex.hpp>
#include <avp/runtime/score/mathematics.hpp>
#include <avp/runtime/score/score.hpp>

namespace avp {
namespace {

struct pair_of_answers {
  std::string given;
  std::string expected;
};

void PrintTo(const pair_of_answers& pair, std::ostream* out) { *out << pair.given << "  |  " << pair.expected; }

class same_mathematics : public testing::TestWithParam<pair_of_answers> {};
class other_mathematics : public testing::TestWithParam<pair_of_answers> {};

TEST_P(same_mathematics, is_equal_both_ways) {
  EXPECT_TRUE(equal_mathematics(GetParam().given, GetParam().expected));
  EXPECT_TRUE(equal_mathematics(GetParam().expected, GetParam().given));
}

TEST_P(other_mathematics, is_unequal_both_ways) {
  EXPECT_FALSE(equal_mathematics(GetParam().given, GetParam().expected));
  EXPECT_FALSE(equal_mathematics(GetParam().expected, GetParam().given));
}

using p = pair_of_answers;

INSTANTIATE_TEST_SUITE_P(
    numbers, same_mathematics,
    testing::Values(p{"3", "3.0"}, p{"\\frac{1}{2}", "0.5"}, p{"\\frac12", "1/2"}, p{"\\dfrac{3}{4}", "\\tfrac34"},
                    p{"-\\frac{1}{2}", "\\frac{-1}{2}"}, p{"1\\frac{1}{2}", "\\frac{3}{2}"}, p{"1 1/2", "1.5"},
                    p{"12,345", "12345"}, p{"10,\\!000", "10000"}, p{"1{,}000{,}000", "10^6"}, p{"$5$", "5"},
                    p{"\\$18.90", "18.90"}, p{"$\\$32{,}348$", "32348"}, p{"50\\%", "50"}, p{"50%", "0.5"},
                    p{"90^\\circ", "90"}, p{"90^{\\circ}", "90\\text{ degrees}"}, p{"45 degrees", "45"},
                    p{"5\\text{ cm}^2", "5"}, p{"12 \\text{ square units}", "12"}, p{"5 cm", "5"}, p{"5cm", "5"},
                    p{"6\\mbox{ inches}^3", "6"}, p{"7 days.", "7"}, p{"2\\sqrt{2}", "\\sqrt{8}"},
                    p{"\\sqrt2", "\\sqrt{2}"}, p{"\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt3}"}, p{"2\\pi", "\\pi * 2"},
                    p{"\\sqrt[3]{27}", "3"}, p{"2^{10}", "1024"}, p{"2^10", "1024"}, p{"5!", "120"},
                    p{"\\binom{5}{2}", "10"}, p{"\\log_2 8", "3"}, p{"\\sin 30 + x", "x+\\sin{30}"}, p{"|-3|", "3"},
                    p{"3+4i", "4i + 3"}, p{"i^2", "-1"}, p{"x = 5", "5"}, p{"x=5", "2x = 10"}, p{".5", "\\frac{1}{2}"},
                    p{"\u221222", "-22"}, p{"\u221A5", "\\sqrt{5}"}, p{"2\u03C0", "2\\pi"}, p{"70\\,000", "70000"}));

INSTANTIATE_TEST_SUITE_P(
    forms, same_mathematics,
    testing::Values(p{"2x+3", "3 + 2x"}, p{"(x+1)^2", "x^2+2x+1"}, p{"\\frac{x+1}{2}", "(x+1)/2"},
                    p{"x(x-1)", "x^2 - x"}, p{"a_1 + b", "b + a_{1}"},
                    p{"\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\pi/2)"}, p{"(1, 2, 3)", "\\left(1,2,3\\right)"},
                    p{"[0,1)", "\\left[0, 1\\right)"},
                    p{"(-\\infty, 2)\\cup(3,\\infty)", "(3,\\infty) \\cup (-\\infty,2)"}, p{"x \\in [-2,7]", "[-2,7]"},
                    p{"\\{1, 2, 3\\}", "\\{3,2,1\\}"}, p{"\\{1,2\\}", "2, 1"}, p{"1,-2", "-2,1"},
                    p{"1 \\text{ and } -2", "-2,1"}, p{"3 or 4", "4, 3"}, p{"100, 200, 300", "300,200,100"},
                    p{"1 \\pm \\sqrt{19}", "1+\\sqrt{19}, 1-\\sqrt{19}"}, p{"x = \\pm 2", "2,-2"},
                    p{"y = 2x + 3", "2x - y + 3 = 0"}, p{"x \\le 5", "5 \\ge x"}, p{"-2 < x < 7", "-2<x<7"},
                    p{"\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\begin{bmatrix}1&2\\\\3&4.0\\end{bmatrix}"},
                    p{"\\begin{pmatrix} \\frac12 \\\\ 0 \\end{pmatrix}", "\\begin{pmatrix} 1/2 \\\\ 0 \\end{pmatrix}"},
                    p{"\\text{Evelyn}", "evelyn"}, p{"\\text{(C)}", "C"}, p{"\\textbf{even}", "\\text{ even}"},
                    p{"\\text{east}", "East"}, p{"2516_8", "2516_{8}"}, p{"f(x) = x^2", "x^2"}, p{"6:00", "6:00"},
                    p{"k = 1, k = 2", "1,2"}, p{"\\frac{1}{x} ", "x^{-1}"}, p{"\\mathbf{v}", "v"},
                    p{"\\pi r^2", "r^2\\pi"}, p{"2\\pi  r", "2 \\pi r"}, p{"\\theta x", "x\\theta"}));

INSTANTIATE_TEST_SUITE_P(numbers, other_mathematics,
                         testing::Values(p{"3", "4"}, p{"", "3"}, p{"3", ""}, p{"0.33", "\\frac13"}, p{"3.14", "\\pi"},
                                         p{"-5", "5"}, p{"12345678901", "12345678902"}, p{"1/2", "1/3"},
                                         p{"50\\%", "5"}, p{"50%", "500"}, p{"1.5", "15"}, p{"\\sqrt{2}", "2"},
                                         p{"2^3", "3^2"}, p{"2\\frac{1}{2}", "1"}, p{"1011_2", "1011"},
                                         p{"5 \\text{ and } 6", "56"}, p{"12,34", "1234"}, p{"i", "1"},
                                         p{"1/0", "1/0.0"}, p{"e", "2.718"}));

INSTANTIATE_TEST_SUITE_P(
    forms, other_mathematics,
    testing::Values(p{"(1,2)", "(2,1)"}, p{"(1,2)", "[1,2]"}, p{"[0,1)", "[0,1]"}, p{"\\{1,2\\}", "\\{1,2,3\\}"},
                    p{"1,2", "1,3"}, p{"1,1", "1,2"}, p{"x+1", "x"}, p{"x", "y"}, p{"2x", "x^2"}, p{"x < 5", "x > 5"},
                    p{"x \\le 5", "x < 5"}, p{"x=5", "y=5"}, p{"\\text{even}", "\\text{odd}"}, p{"A", "B"},
                    p{"\\text{(A)}", "B"}, p{"1,2", "3"}, p{"\\pm 2", "2"}, p{"y=2x", "y=3x"},
                    p{"\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "\\begin{pmatrix} 1 & 2 \\end{pmatrix}"},
                    p{"(0,1)\\cup(2,3)", "(0,1)\\cup(2,4)"}, p{"x^2+1", "x^2-1"}, p{"\\text{Evelyn}", "\\text{Angela}"},
                    p{"ab", "a"}, p{"\\frac{", "1"}, p{"((((", "1"}));

TEST(mathematics, hostile_answers_are_unequal_and_end) {
  EXPECT_FALSE(equal_mathematics(std::string(900, '('), "1"));
  EXPECT_FALSE(equal_mathematics(std::string(900, '-') + "1", "2"));
  EXPECT_FALSE(equal_mathematics(std::string(900, '!'), "2"));
  EXPECT_FALSE(equal_mathematics("9" + std::string(900, '9'), "9"));
  EXPECT_FALSE(equal_mathematics("2^{2^{2^{2^{2^{2}}}}}", "9"));
  EXPECT_FALSE(equal_mathematics("1" + std::string(900, ','), "1,2"));
  EXPECT_FALSE(equal_mathematics(std::string(300, '\\') + "{", "1,2"));
  EXPECT_FALSE(equal_mathematics(std::string(100000, '1'), "1"));
  EXPECT_EQ(final_mathematics(std::string(200000, '$')).size(), 20000U);
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
}

TEST(mathematics, expressions_have_values) {
  EXPECT_EQ(evaluate("1+2*3", 0), std::complex<double>(7));
  EXPECT_EQ(evaluate("-2^2", 0), std::complex<double>(-4));
  EXPECT_EQ(evaluate("\\frac{6}{2}(1+2)", 0), std::complex<double>(9));
  EXPECT_EQ(evaluate("2\\frac{1}{2}", 0), std::complex<double>(2.5));
  EXPECT_EQ(evaluate("x", 0), evaluate("x", 0));
  EXPECT_NE(evaluate("x", 0), evaluate("x", 1));
  EXPECT_NE(evaluate("x", 0), evaluate("y", 0));
  for (const auto* wrong : {"", "1+", "(1", "1)", "1/0", "\\sqrt", "1011_2", "x=1", "\\text{a}", "1,2", "^2", "_"})
    EXPECT_FALSE(evaluate(wrong, 0)) << wrong;
}

TEST(mathematics, parts_stand_outside_of_brackets) {
  EXPECT_EQ(split_latex("1,(2,3),\\{4,5\\},x", {","}), (std::vector<std::string>{"1", "(2,3)", "\\{4,5\\}", "x"}));
  EXPECT_EQ(split_latex("[0,1)\\cup(2,3]\\cupola", {"\\cup"}), (std::vector<std::string>{"[0,1)", "(2,3]\\cupola"}));
  EXPECT_EQ(split_latex("", {","}), std::vector<std::string>{""});
}

// The solutions of MATH-500 in their own words against the answers that it gives for them, and against those of others.
TEST(mathematics, every_solution_of_math500_is_right_and_only_for_its_problem) {
  std::ifstream file(AVP_TEST_DATA "/../../pipelines/data/math500.jsonl");
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
