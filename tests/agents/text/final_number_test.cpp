// Tests of the number that an answer comes to: what models really write, and what must not count as one.
#include <string>

#include <gtest/gtest.h>

#include "agents/text/exact_number.hpp"
#include "agents/text/final_number.hpp"

namespace avp {
namespace {

struct number_case {
  std::string text;
  std::optional<double> number; ///< The exact value is the one that is nearest to it.
};

class final_numbers : public testing::TestWithParam<number_case> {};

TEST_P(final_numbers, are_read) {
  const auto number = final_number(GetParam().text);
  ASSERT_EQ(number.has_value(), GetParam().number.has_value()) << GetParam().text;
  if (number) {
    EXPECT_DOUBLE_EQ(number->get_d(), *GetParam().number) << GetParam().text;
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

INSTANTIATE_TEST_SUITE_P(
    of_several_parts, final_numbers,
    testing::Values(number_case{"2\\frac12", 2.5}, number_case{"-2\\frac{1}{2} cups", -2.5},
                    number_case{"1 1/2 cups", 1.5}, number_case{"2\u00BD", 2.5}, number_case{"\\frac34", 0.75},
                    number_case{"\\frac{-3}{4}", -0.75}, number_case{"-\\tfrac14", -0.25},
                    number_case{"2\\frac{5}{2}", 2.5}, number_case{"10^6", 1e6}, number_case{"10^{6}", 1e6},
                    number_case{"2^{-2}", 0.25}, number_case{"-2^2", -4}, number_case{"1.5 \\times 10^{3}", 1500},
                    number_case{"1.5\u00D710^{-3}", 0.0015}, number_case{"6.02 * 10^23", 6.02e23},
                    number_case{"3\\cdot10^8 m/s", 3e8}, number_case{"1.5e-3", 0.0015}, number_case{"2E+4", 20000},
                    number_case{"10\u2076", 1e6}, number_case{"10\u207B\u00B3", 0.001},
                    number_case{"5\\,\\mathrm{cm}^3", 5}, number_case{"25\\text{ m}^2", 25}, number_case{"25 m^2", 25},
                    number_case{"9.8 m s^{-2}", 9.8}, number_case{"x^2", {}}, number_case{"so x^{2} = 16", 16},
                    number_case{"3 \\times 4 = 12", 12}, number_case{"9 * 10 = 90", 90}, number_case{"2 \\times 3", 3},
                    number_case{"0.\\overline{3}", 1.0 / 3}, number_case{"0.1\\overline{6}", 1.0 / 6},
                    number_case{"0.333...", 1.0 / 3}, number_case{"90^\\circ", 90}, number_case{"1010_2", 1010},
                    number_case{"x_{12}", {}}, number_case{"\\cdot5", 5}, number_case{"1e99999999", {}},
                    number_case{"10^{99999}", 10}, number_case{"0^{-1}", 0}));

TEST(final_number, is_exact) {
  EXPECT_EQ(final_number("99999999999999999")->get_str(), "99999999999999999");
  EXPECT_EQ(final_number("0.1")->get_str(), "1/10");
  EXPECT_EQ(final_number("2\\frac13")->get_str(), "7/3");
  EXPECT_NE(*final_number("1000000000000000000001"), *final_number("1000000000000000000000"));
}

TEST(equal_numbers, only_a_printed_double_may_be_rounded) {
  const auto equal = [](const char* a, const char* b) {
    return equal_numbers(*final_number(a), *final_number(b)) && equal_numbers(*final_number(b), *final_number(a));
  };
  EXPECT_TRUE(equal("0.5", "1/2"));
  EXPECT_TRUE(equal("0.30000000000000004", "0.3"));
  EXPECT_TRUE(equal("0.3333333333333333", "1/3"));
  EXPECT_TRUE(equal("66.66666666666667", "200/3"));
  EXPECT_FALSE(equal("0.333333", "1/3"));
  EXPECT_FALSE(equal("0.1234567890123456", "0.1234567890123457"));
  EXPECT_FALSE(equal("99999999999999999", "99999999999999998"));
  EXPECT_FALSE(equal("1000000000.1", "1000000000"));
  EXPECT_FALSE(equal("0.0000000000001", "0"));
}

} // namespace
} // namespace avp
