// Guesses by what stood there before, and how many are made.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/engine/guess_pace.hpp"
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
  EXPECT_THAT(lookup_of({1, 2, 3, 4, 5, 9, 1, 2, 3}).guess(2), ElementsAre(4, 5));
  EXPECT_THAT(lookup_of({1, 2, 3, 4, 5, 9, 1, 2, 3}).guess(4), ElementsAre(4, 5, 9, 1));
}

TEST(prompt_lookup, guesses_nothing_without_a_match_of_three) {
  EXPECT_THAT(lookup_of({}).guess(5), IsEmpty());
  EXPECT_THAT(lookup_of({1, 2}).guess(5), IsEmpty());
  EXPECT_THAT(lookup_of({1, 2, 3}).guess(5), IsEmpty());
  EXPECT_THAT(lookup_of({1, 2, 3, 4, 7, 2, 3}).guess(5), IsEmpty());
}

TEST(prompt_lookup, guesses_nothing_behind_a_match_that_is_too_short) {
  const auto lookup = lookup_of({1, 2, 3, 4, 5, 9, 1, 2, 3, 4});
  EXPECT_THAT(lookup.guess(1, 4), ElementsAre(5));
  EXPECT_THAT(lookup.guess(1, 5), IsEmpty());
}

TEST(prompt_lookup, prefers_the_longest_match_and_then_the_latest) {
  EXPECT_THAT(lookup_of({8, 1, 2, 3, 40, 7, 1, 2, 3, 50, 8, 1, 2, 3}).guess(1), ElementsAre(40));
  EXPECT_THAT(lookup_of({8, 1, 2, 3, 40, 8, 1, 2, 3, 50, 8, 1, 2, 3}).guess(1), ElementsAre(50));
}

TEST(prompt_lookup, a_text_that_repeats_itself_goes_on) {
  EXPECT_THAT(lookup_of({5, 5, 5, 5}).guess(4), ElementsAre(5, 5, 5, 5));
  EXPECT_THAT(lookup_of({1, 2, 1, 2, 1, 2, 1}).guess(5), ElementsAre(2, 1, 2, 1, 2));
}

TEST(prompt_lookup, what_is_no_token_matches_nothing_and_is_not_guessed) {
  const auto gap = prompt_lookup::no_token;
  EXPECT_THAT(lookup_of({1, gap, 2, 3, 4, 1, gap, 2}).guess(3), IsEmpty());
  EXPECT_THAT(lookup_of({1, 2, 3, 4, gap, 5, 1, 2, 3}).guess(3), ElementsAre(4));
  EXPECT_THAT(lookup_of({1, 2, 3, gap, 1, 2, 3}).guess(3), IsEmpty());
}

TEST(prompt_lookup, is_the_same_however_the_text_came) {
  std::mt19937 random(3);
  token_list text;
  for (int i = 0; i < 400; ++i)
    text.push_back(static_cast<std::int32_t>(random() % 4));
  prompt_lookup grown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    grown.append(text[i]);
    EXPECT_EQ(grown.guess(6), lookup_of({text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i) + 1}).guess(6));
  }
}

// Of ids that do not fit into a name, those that are taken for each other are told apart.
TEST(prompt_lookup, takes_ids_of_any_size) {
  const std::int32_t large = 1 << 21;
  EXPECT_THAT(lookup_of({1, 0, 7, 4, 0, large, 7}).guess(3), IsEmpty());
  EXPECT_THAT(lookup_of({large, large + 1, large + 2, 4, large, large + 1, large + 2}).guess(1), ElementsAre(4));
}

bool is_pause(const guess_pace::attempt& attempt) { return attempt.least_match > prompt_lookup::least_match; }

TEST(guess_pace, guesses_more_where_guesses_come_true) {
  guess_pace pace;
  const auto first = pace.next().count;
  EXPECT_GE(first, 1);
  for (int pass = 0; pass < 20; ++pass) {
    const auto count = pace.next().count;
    pace.learn(count, count);
  }
  EXPECT_EQ(pace.next().count, guess_pace::most_guesses);
  pace.learn(guess_pace::most_guesses, 0);
  const auto after = pace.next().count;
  EXPECT_LT(after, guess_pace::most_guesses);
  EXPECT_GE(after, 1);
}

TEST(guess_pace, failures_cost_few_rows) {
  guess_pace pace;
  std::int64_t guessed = 0;
  for (int pass = 0; pass < 1000; ++pass)
    if (const auto next = pace.next(); !is_pause(next)) {
      guessed += next.count;
      pace.learn(next.count, 0);
    }
  EXPECT_GT(guessed, 5) << "it tries again";
  EXPECT_LT(guessed, 20);
}

TEST(guess_pace, one_guess_that_comes_true_ends_a_pause) {
  for (const bool in_pause : {false, true}) {
    guess_pace pace;
    for (int pass = 0; pass < 1000; ++pass)
      if (const auto next = pace.next(); !is_pause(next))
        pace.learn(next.count, 0);
    auto next = pace.next();
    while (is_pause(next) != in_pause) {
      pace.learn(is_pause(next) ? 0 : next.count, 0);
      next = pace.next();
    }
    EXPECT_EQ(next.count, 1);
    pace.learn(1, 1);
    EXPECT_FALSE(is_pause(pace.next())) << in_pause;
  }
}

TEST(guess_pace, learns_nothing_from_no_guess) {
  guess_pace pace;
  const auto count = pace.next().count;
  for (int i = 0; i < 100; ++i)
    pace.learn(0, 0);
  EXPECT_EQ(pace.next().count, count);
}

} // namespace
