// The wrapper of PCRE2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/text/regular_expression.hpp"

namespace {

using namespace avp;
using testing::ElementsAre;

std::vector<std::string_view> all_in(const regular_expression& pattern, std::string_view text) {
  std::vector<std::string_view> found;
  pattern.find_all(text, found);
  return found;
}

TEST(regular_expression, finds_all_matches) {
  const regular_expression words("\\w+", pattern_origin::own);
  EXPECT_THAT(all_in(words, "für Ö 2"), ElementsAre("für", "Ö", "2")) << "letters of any script";
  EXPECT_THAT(all_in(words, ""), ElementsAre());
  EXPECT_THAT(all_in(words, "..."), ElementsAre());
  EXPECT_THAT(all_in({"b*", pattern_origin::own}, "bba"), ElementsAre("bb")) << "an empty match ends the search";
}

TEST(regular_expression, bytes_that_are_no_utf8_match_nothing) {
  const regular_expression any(".", pattern_origin::given);
  EXPECT_FALSE(any.matches("\xff"));
  EXPECT_TRUE(any.matches("\xff x"));
}

TEST(regular_expression, says_what_is_wrong_and_where) {
  try {
    const regular_expression broken("ab(", pattern_origin::given);
    FAIL();
  } catch (const regular_expression_error& error) {
    EXPECT_STREQ(error.what(), "missing closing parenthesis");
    EXPECT_EQ(error.offset(), 3U);
  }
}

TEST(regular_expression, a_pattern_of_a_user_has_a_limit_of_steps) {
  const regular_expression explodes("(a+)+$", pattern_origin::given);
  EXPECT_THROW((void)explodes.matches(std::string(64, 'a') + "b"), regular_expression_error);
}

} // namespace
