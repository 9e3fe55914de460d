// Tests of what answers choose: what models really write, and what must not count as an answer.
#include <string>

#include <gtest/gtest.h>

#include "agents/text/final_answer.hpp"

namespace avp {
namespace {

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

INSTANTIATE_TEST_SUITE_P(
    forms, final_choices,
    testing::Values(choice_case{"**B**", 'B'}, choice_case{"**b**", 'B'}, choice_case{"**(b)**", 'B'},
                    choice_case{"\\text{B}", 'B'}, choice_case{"\\text{b}", 'B'},
                    choice_case{"$\\textbf{(B)}\\ 12$", 'B'}, choice_case{"\\(\\mathrm{C}\\)", 'C'},
                    choice_case{"`d`", 'D'}, choice_case{"'B'", 'B'}, choice_case{"\u201CB\u201D", 'B'},
                    choice_case{"\uFF08B\uFF09", 'B'}, choice_case{"\uFF22", 'B'},
                    choice_case{"\u7B54\u6848\uFF1AB", 'B'}, choice_case{"<answer>b</answer>", 'B'},
                    choice_case{"(B).", 'B'}, choice_case{"[B]", 'B'}, choice_case{"B: because", 'B'},
                    choice_case{"b because it rains", 'B'}, choice_case{"A because it rains", 'A'},
                    choice_case{"a) because it rains", 'A'}, choice_case{"B\u2014because it rains", 'B'},
                    choice_case{"### Answer\n**B**", 'B'}, choice_case{"Answer - B", 'B'}));

INSTANTIATE_TEST_SUITE_P(
    decisions, final_choices,
    testing::Values(choice_case{"Answer: B) because option A is too small and (C) is too large", 'B'},
                    choice_case{"The correct answer is B. Option A is wrong because D comes first.", 'B'},
                    choice_case{"The answer is A because it is first.", 'A'},
                    choice_case{"answer: b because of C", 'B'},
                    choice_case{"The answer is option (d), I think, not option (a)", 'D'},
                    choice_case{"The answer is not A but B", 'B'}, choice_case{"Option A is wrong. So it is (B).", 'B'},
                    choice_case{"(A) 12\n(B) 13\n(C) 14\n\nB", 'B'}, choice_case{"(A) 12, (B) 13\n\n**b)**\n", 'B'},
                    choice_case{"I choose c.", 'C'}, choice_case{"Answer: A train leaves. It must be option B", 'B'},
                    choice_case{"The answer would clearly be E, as A is not", 'E'}));

INSTANTIATE_TEST_SUITE_P(words, final_choices,
                         testing::Values(choice_case{"Because everyone decided against", {}},
                                         choice_case{"U.S.A. and B.C. dates", {}},
                                         choice_case{"I'd say C++ and C#", {}}, choice_case{"f(b) and g(c)", {}},
                                         choice_case{"e.g. this", {}}, choice_case{"B12 and 3D", {}},
                                         choice_case{"Bob", {}}, choice_case{"\u00C9D", {}},
                                         choice_case{"The answer is Bob", {}}, choice_case{"The answer depends", {}},
                                         choice_case{"The answer is a dog", {}}, choice_case{"A cat. A dog.", {}}));

} // namespace
} // namespace avp
