// Words in texts.
#include <gtest/gtest.h>

#include "transport/ascii.hpp"

namespace {

using avp::find_word;

constexpr auto nowhere = std::string_view::npos;

TEST(find_word, finds_words_of_their_own_only) {
  EXPECT_EQ(find_word("Yes.", "yes"), 0U);
  EXPECT_EQ(find_word("eyes, YES", "yes"), 6U);
  EXPECT_EQ(find_word("yes yes", "yes", 1), 4U);
  EXPECT_EQ(find_word("no_one knows, no", "no"), 14U);
  EXPECT_EQ(find_word("I am not sure.", "not sure"), 5U);
  EXPECT_EQ(find_word("yesterday", "yes"), nowhere);
  EXPECT_EQ(find_word("", "yes"), nowhere);
  EXPECT_EQ(find_word("yes", ""), nowhere);
  EXPECT_EQ(find_word("yes", "yes", 5), nowhere);
}

} // namespace
