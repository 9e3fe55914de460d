// Guesses by what stood there before.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/engine/prompt_lookup.hpp"

namespace {

using namespace avp;
using testing::ElementsAre;
using testing::IsEmpty;

using token_list = std::vector<std::int32_t>;

prompt_lookup lookup_of(const token_list& text) {
  prompt_lookup lookup;
  lookup.append(text);
  return lookup;
}

TEST(prompt_lookup, goes_on_as_the_same_tokens_did) {
  EXPECT_THAT(lookup_of({1, 2, 3, 4, 5, 9, 1, 2, 3}).guess(2, false), ElementsAre(4, 5));
  EXPECT_THAT(lookup_of({1, 2, 3, 4, 5, 9, 1, 2, 3}).guess(4, false), ElementsAre(4, 5, 9, 1));
}

TEST(prompt_lookup, guesses_nothing_without_a_match_of_three) {
  EXPECT_THAT(lookup_of({}).guess(5, false), IsEmpty());
  EXPECT_THAT(lookup_of({1, 2}).guess(5, false), IsEmpty());
  EXPECT_THAT(lookup_of({1, 2, 3}).guess(5, false), IsEmpty());
  EXPECT_THAT(lookup_of({1, 2, 3, 4, 7, 2, 3}).guess(5, false), IsEmpty());
}

TEST(prompt_lookup, tries_nothing_behind_a_match_that_is_too_short) {
  token_list text = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
  for (std::int32_t token = 1; token < 8; ++token) {
    text.push_back(token);
    EXPECT_THAT(lookup_of(text).guess(1, true), IsEmpty());
  }
  text.push_back(8);
  EXPECT_THAT(lookup_of(text).guess(1, true), ElementsAre(9));
}

TEST(prompt_lookup, prefers_the_longest_match_and_then_the_latest) {
  EXPECT_THAT(lookup_of({8, 1, 2, 3, 40, 7, 1, 2, 3, 50, 8, 1, 2, 3}).guess(1, false), ElementsAre(40));
  EXPECT_THAT(lookup_of({8, 1, 2, 3, 40, 8, 1, 2, 3, 50, 8, 1, 2, 3}).guess(1, false), ElementsAre(50));
}

TEST(prompt_lookup, a_text_that_repeats_itself_goes_on) {
  EXPECT_THAT(lookup_of({5, 5, 5, 5}).guess(4, false), ElementsAre(5, 5, 5, 5));
  EXPECT_THAT(lookup_of({1, 2, 1, 2, 1, 2, 1}).guess(5, false), ElementsAre(2, 1, 2, 1, 2));
}

TEST(prompt_lookup, what_is_no_token_matches_nothing_and_is_not_guessed) {
  const auto gap = prompt_lookup::no_token;
  EXPECT_THAT(lookup_of({1, gap, 2, 3, 4, 1, gap, 2}).guess(3, false), IsEmpty());
  EXPECT_THAT(lookup_of({1, 2, 3, 4, gap, 5, 1, 2, 3}).guess(3, false), ElementsAre(4));
  EXPECT_THAT(lookup_of({1, 2, 3, gap, 1, 2, 3}).guess(3, false), IsEmpty());
}

TEST(prompt_lookup, is_the_same_however_the_text_came) {
  std::mt19937 random(3);
  token_list text;
  for (int i = 0; i < 400; ++i)
    text.push_back(static_cast<std::int32_t>(random() % 4));
  prompt_lookup grown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    grown.append(text[i]);
    EXPECT_EQ(grown.guess(6, false),
              lookup_of({text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i) + 1}).guess(6, false));
  }
}

// Of ids that do not fit into a name, those that are taken for each other are told apart.
TEST(prompt_lookup, takes_ids_of_any_size) {
  const std::int32_t large = 1 << 21;
  EXPECT_THAT(lookup_of({1, 0, 7, 4, 0, large, 7}).guess(3, false), IsEmpty());
  EXPECT_THAT(lookup_of({large, large + 1, large + 2, 4, large, large + 1, large + 2}).guess(1, false), ElementsAre(4));
}

} // namespace
