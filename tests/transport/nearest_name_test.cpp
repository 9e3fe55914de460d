// Distances between names, and hints.
#include <gtest/gtest.h>

#include "transport/nearest_name.hpp"

namespace avp {
namespace {

TEST(nearest_name, counts_edits) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("judge", "judge"), 0U);
  EXPECT_EQ(edit_distance("jugde", "judge"), 1U);
  EXPECT_EQ(edit_distance("ca", "abc"), 3U);
  EXPECT_EQ(edit_distance("qestion", "question"), 1U);
}

TEST(nearest_name, is_the_first_of_equals_and_never_far) {
  EXPECT_EQ(nearest_name("limt", {"--limit", "limit", "limits"}), "limit");
  EXPECT_EQ(nearest_name("ab", {"xy"}), std::nullopt);
  EXPECT_EQ(nearest_name("planner", {"judge"}), std::nullopt);
  EXPECT_EQ(name_hint("jugde", {"planner", "judge"}), "; did you mean \"judge\"?");
  EXPECT_EQ(name_hint("x", {"planner", "judge"}), "; known: planner, judge");
}

} // namespace
} // namespace avp
