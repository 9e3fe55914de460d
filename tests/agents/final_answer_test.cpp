// Tests of what answers come to: what models really write, and what must not count as an answer.
#include <string>

#include <gtest/gtest.h>

#include <avp/agents/final_answer.hpp>

namespace avp {
namespace {

struct number_case {
  std::string text;
  std::optional<double> number;
};

class final_numbers : public testing::TestWithParam<number_case> {};

TEST_P(final_numbers, are_read) {
  const auto number = final_number(GetParam().text);
  ASSERT_EQ(number.has_value(), GetParam().number.has_value()) << GetParam().text;
  if (number) {
    EXPECT_DOUBLE_EQ(*number, *GetParam().number) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    plain, final_numbers,
    testing::Values(number_case{"", {}}, number_case{"no number here", {}}, number_case{"18", 18},
                    number_case{"The answer is 18.", 18}, number_case{"16 - 3 - 4 = 9, and 9 * 2 = 18 dollars", 18},
                    number_case{"It costs $1,234.50.", 1234.5}, number_case{"70,000", 70000},
                    number_case{"1,234,567", 1234567}, number_case{"(1,2,3)", 3}, number_case{"1,2345", 2345},
                    number_case{"12,34", 34}, number_case{"1234,567", 567}, number_case{"-3", -3},
                    number_case{"It is -$5.", -5}, number_case{"It is $-5.", -5}, number_case{"= \u221210", -10},
                    number_case{"10-3", 3}, number_case{"between 5-10", 10}, number_case{"(2)-1", 1},
                    number_case{"x -7", -7}, number_case{"5.0", 5}, number_case{".5", 0.5}, number_case{"5.", 5},
                    number_case{"3.14.", 3.14}, number_case{"50%", 50}, number_case{"**42**", 42},
                    number_case{"`7`", 7}, number_case{"\u20AC1,000", 1000}, number_case{"\u00A320", 20},
                    number_case{"1e3", 1000}, number_case{"2e", 2}, number_case{"3 eggs", 3}, number_case{"3/4", 0.75},
                    number_case{"5/0", 0}, number_case{"1/2/2024", 2024}, number_case{"x2", {}},
                    number_case{"5 apples in box_9", 5}, number_case{"the 18th", 18}, number_case{"7:45", 45},
                    number_case{"1{,}000", 1000}, number_case{"70\\,000", 70000}, number_case{"\\$18", 18},
                    number_case{"Total: 18 eggs\n\n", 18}, number_case{"--5", 5}, number_case{"007", 7}));

INSTANTIATE_TEST_SUITE_P(
    boxed_and_hashes, final_numbers,
    testing::Values(number_case{"\\boxed{18} which is 3 more", 18}, number_case{"\\boxed{1} then \\boxed{2}, 3", 2},
                    number_case{"\\boxed{\\$1,800}", 1800}, number_case{"\\boxed{x = 18 \\text{ eggs}}. 5", 18},
                    number_case{"\\boxed{\\frac{3}{4}}", 0.75}, number_case{"\\boxed{-\\dfrac{1}{2}}", -0.5},
                    number_case{"\\boxed{} 7", 7}, number_case{"\\boxed{many} 7", 7},
                    number_case{"\\boxed{3} \\boxed{}", 3}, number_case{"\\boxed{18\nand 5 more", 18},
                    number_case{"5\n#### 18\nThat was 3 steps.", 18}, number_case{"#### $1,000.", 1000},
                    number_case{"#### **-10**", -10}, number_case{"#### 4\n#### 5", 5},
                    number_case{"#### Step 3\nso it is 18", 18}, number_case{"#### 3. Add it up\nso it is 18", 18},
                    number_case{"#### 12\n#### Step 3: check 7", 12}, number_case{"####", {}},
                    number_case{"\\boxed{2} #### 3", 2}, number_case{"####18", 18}, number_case{"#### 18 dollars", 18},
                    number_case{"\\frac{1}{", 1}, number_case{"\\boxed{", {}}));

struct choice_case {
  std::string text;
  std::optional<char> letter;
};

class final_choices : public testing::TestWithParam<choice_case> {};

TEST_P(final_choices, are_read) { EXPECT_EQ(final_choice(GetParam().text), GetParam().letter) << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(
    all, final_choices,
    testing::Values(choice_case{"", {}}, choice_case{"I cannot say", {}}, choice_case{"B", 'B'},
                    choice_case{" b\n", 'B'}, choice_case{"(c)", 'C'}, choice_case{"d.", 'D'},
                    choice_case{"Answer: B", 'B'}, choice_case{"answer: b", 'B'},
                    choice_case{"The answer is (B), not (C).", 'B'}, choice_case{"The correct answer is **D**.", 'D'},
                    choice_case{"**Answer:** C", 'C'}, choice_case{"(A) is wrong, so it must be (E)", 'E'},
                    choice_case{"A dog has a bone", {}}, choice_case{"A train arrives. B is right", 'B'},
                    choice_case{"The answer is a matter of taste", {}},
                    choice_case{"Option A: no.\nOption B: yes.\nAnswer: A", 'A'},
                    choice_case{"Answer: A\nOr rather, the answer is C", 'C'}, choice_case{"\\boxed{D} and (A)", 'D'},
                    choice_case{"\\boxed{\\text{B}}", 'B'}, choice_case{"the final answer is \\boxed{c}", 'C'},
                    choice_case{"\\boxed{42}, so (A)", 'A'}, choice_case{"F", {}}, choice_case{"The answer is F", {}},
                    choice_case{"ABC", {}}, choice_case{"Plan B-2", {}}, choice_case{"Vitamin C", 'C'},
                    choice_case{"B) because of the rain", 'B'}, choice_case{"Answer\n\nE", 'E'},
                    choice_case{"\u00C9A", {}}));

} // namespace
} // namespace avp
