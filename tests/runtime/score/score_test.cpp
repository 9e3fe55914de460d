// Tests of scoring.
#include <gtest/gtest.h>

#include "runtime/score/score.hpp"

namespace avp {
namespace {

TEST(score, number) {
  EXPECT_EQ(score(score_kind::number, "so 5.0 in all", "5"), 1);
  EXPECT_EQ(score(score_kind::number, "so 51 in all", "5"), 0);
  EXPECT_EQ(score(score_kind::number, "", "5"), 0);
  EXPECT_EQ(score(score_kind::number, "I do not know", "5"), 0);
  EXPECT_EQ(score(score_kind::number, "it is 0.30000000000000004", "0.3"), 1);
  EXPECT_EQ(score(score_kind::number, "70,000", "70000"), 1);
  EXPECT_EQ(score(score_kind::number, std::string(400, '9'), "1"), 0);
  EXPECT_EQ(score(score_kind::number, "18", "Sold 9 eggs.\n#### 18"), 1) << "GSM8K's own answer field works too";
  EXPECT_EQ(score(score_kind::number, "18", "eighteen"), std::nullopt);
}

TEST(score, exact) {
  EXPECT_EQ(score(score_kind::exact, "  Paris\n", "Paris"), 1);
  EXPECT_EQ(score(score_kind::exact, "paris", "Paris"), 0);
  EXPECT_EQ(score(score_kind::exact, "", " "), 1);
  EXPECT_EQ(score(score_kind::exact, "\u00A0caf\u0065\u0301\u3000", "caf\u00E9"), 1);
  EXPECT_EQ(score(score_kind::exact, "\u201CParis\u201D", "\"Paris\""), 0);
  EXPECT_EQ(score(score_kind::exact, "two  words", "two words"), 0);
}

TEST(score, contains) {
  EXPECT_EQ(score(score_kind::contains, "The capital is PARIS.", "paris "), 1);
  EXPECT_EQ(score(score_kind::contains, "The capital is Rome.", "Paris"), 0);
  EXPECT_EQ(score(score_kind::contains, "", "Paris"), 0);
  EXPECT_EQ(score(score_kind::contains, "anything", ""), std::nullopt);
  EXPECT_EQ(score(score_kind::contains, "anything", "\u200B"), 0);
  EXPECT_EQ(score(score_kind::contains, "In the stra\u00DFe of \u0130STANBUL", "STRASSE of istanbul"), 1);
  EXPECT_EQ(score(score_kind::contains, "It\u2019s the e\u0301cole\nnormale.", "it's  the \u00C9cole normale"), 1);
  EXPECT_EQ(score(score_kind::contains, "the ecole", "\u00E9cole"), 0);
}

TEST(score, choice) {
  EXPECT_EQ(score(score_kind::choice, "It is (B).", "B"), 1);
  EXPECT_EQ(score(score_kind::choice, "It is (B).", "(b)"), 1);
  EXPECT_EQ(score(score_kind::choice, "It is (B).", "C"), 0);
  EXPECT_EQ(score(score_kind::choice, "no idea", "C"), 0);
  EXPECT_EQ(score(score_kind::choice, "It is (B).", "7"), std::nullopt);
}

TEST(score, kinds_by_name) {
  for (const auto& name : all_names<score_kind>())
    EXPECT_TRUE(value_named<score_kind>(name)) << name;
  EXPECT_FALSE(value_named<score_kind>("numbers"));
}

} // namespace
} // namespace avp
