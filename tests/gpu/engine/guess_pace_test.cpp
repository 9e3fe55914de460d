// How many tokens are guessed, by times that are told.
#include <random>

#include <gtest/gtest.h>

#include "gpu/engine/guess_pace.hpp"

namespace {

using namespace avp;

/// An answer of which pass after pass is decoded. Times are in passes of one row.
struct paced_answer {
  explicit paced_answer(double further) : times({.first = 1, .further = further}) {}

  /// A pass of which guesses come true while `is_true` says so, by how many there are. Returns what was to be guessed.
  guess_pace::attempt run(const auto& is_true) {
    const auto next = pace.next(1);
    std::int64_t accepted = 0;
    while (accepted < next.count && is_true(next.count))
      ++accepted;
    if (next.count > 0)
      pace.learn(next, next.count, accepted);
    time += times.of(1 + next.count);
    tokens += 1 + accepted;
    guessed += next.count;
    return next;
  }

  pass_times times;
  guess_pace pace{times};
  double time = 0;
  std::int64_t tokens = 0, guessed = 0;
};

constexpr auto yes = [](std::int64_t) { return true; };
constexpr auto no = [](std::int64_t) { return false; };

TEST(guess_pace, guesses_more_where_guesses_come_true) {
  paced_answer answer(0.5);
  const auto first = answer.run(yes).count;
  EXPECT_GE(first, 1);
  EXPECT_LT(first, guess_pace::most_guesses);
  for (int pass = 0; pass < 10; ++pass)
    answer.run(yes);
  EXPECT_EQ(answer.run(no).count, guess_pace::most_guesses);
  EXPECT_LT(answer.run(yes).count, guess_pace::most_guesses);
}

TEST(guess_pace, what_comes_true_saves_what_it_can) {
  for (const double further : {0.1, 0.5, 0.7}) {
    paced_answer answer(further);
    while (answer.tokens < 400)
      answer.run(yes);
    const auto best = 8 / (1 + 7 * further);
    EXPECT_GT(static_cast<double>(answer.tokens) / answer.time, 0.9 * best) << further;
  }
}

// The account is what it is about: nobody loses more than it says, whatever comes true.
TEST(guess_pace, no_answer_takes_much_longer_than_without_guesses) {
  std::mt19937 random(5);
  for (const double further : {0.02, 0.1, 0.3, 0.65, 1.0, 3.0})
    for (int percent = 0; percent <= 90; percent += 5)
      for (int habit = 0; habit < 3; ++habit) {
        paced_answer answer(further);
        bool mood = true;
        const auto is_true = [&](std::int64_t count) {
          if (habit == 1 && random() % 40 == 0) // for a while all, then none
            mood = !mood;
          if (habit == 2) // as soon as much is risked, nothing comes true
            mood = count < 3;
          return mood && (habit == 1 || random() % 100 < static_cast<unsigned>(percent));
        };
        while (answer.tokens < 3000) {
          answer.run(is_true);
          ASSERT_LE(answer.time, 1.015 * static_cast<double>(answer.tokens) + 1.5 + 1e-6)
              << further << ", " << percent << ", " << habit << ", " << answer.tokens;
        }
      }
}

TEST(guess_pace, where_nothing_comes_true_it_tries_one_now_and_then) {
  paced_answer answer(0.65);
  EXPECT_FALSE(answer.run(no).is_try);
  std::int64_t tries = 0;
  for (int pass = 0; pass < 1000; ++pass)
    if (const auto next = answer.run(no); next.count > 0) {
      EXPECT_EQ(next.count, 1);
      EXPECT_TRUE(next.is_try);
      ++tries;
    }
  EXPECT_GT(tries, 15);
  EXPECT_LT(tries, 30);
}

TEST(guess_pace, tries_that_come_true_end_that) {
  paced_answer answer(0.5);
  for (int pass = 0; pass < 200; ++pass)
    answer.run(no);
  int passes = 0;
  while (answer.run(yes).count < 4 && passes < 200)
    ++passes;
  EXPECT_LT(passes, 100);
}

TEST(guess_pace, a_row_that_costs_as_much_as_a_pass_is_never_worth_it) {
  paced_answer answer(1);
  while (answer.tokens < 1000) {
    const auto next = answer.run(no);
    EXPECT_TRUE(next.count == 0 || next.is_try);
  }
}

TEST(guess_pace, rows_of_others_are_reckoned_with) {
  const pass_times times({.first = 1, .further = 0.2});
  guess_pace alone(times), beside(times);
  const auto count_after = [](guess_pace& pace, std::int64_t rows) {
    for (int pass = 0; pass < 20; ++pass) {
      const auto next = pace.next(rows);
      pace.learn(next, next.count, next.count - pass % 2);
    }
    return pace.next(rows).count;
  };
  EXPECT_GT(count_after(alone, 1), count_after(beside, 5)) << "there is less to be gained for all";
}

TEST(guess_pace, guesses_nothing_before_passes_are_measured) {
  pass_times times;
  guess_pace pace(times);
  for (int pass = 0; pass < 3; ++pass) {
    EXPECT_EQ(pace.next(1).count, 0);
    times.learn(1, 20);
  }
  EXPECT_EQ(pace.next(1).count, 1);
  EXPECT_EQ(pace.next(2).count, 0);
}

TEST(guess_pace, learns_nothing_from_no_guess) {
  paced_answer answer(0.5);
  const auto count = answer.pace.next(1).count;
  for (int i = 0; i < 100; ++i)
    answer.pace.learn(answer.pace.next(1), 0, 0);
  EXPECT_GE(answer.pace.next(1).count, count);
}

// Guesses of a model: each takes a pass of that one.
class drafting_pace : public testing::Test {
protected:
  guess_pace paced(double drafting, double further = 0.1) {
    times_ = pass_times({.first = 1, .further = further});
    drafting_ = pass_times({.first = drafting});
    return guess_pace(times_, &drafting_);
  }

  /// Passes with guesses of which all come true, or none. Returns how many were made for the last one.
  std::int64_t run(guess_pace& pace, int passes, bool are_true) const {
    std::int64_t last = 0;
    for (int pass = 0; pass < passes; ++pass) {
      const auto next = pace.next(1);
      last = next.count;
      pace.count_drafting(static_cast<double>(last) * drafting_.of(1));
      pace.learn(next, last, are_true ? last : 0);
    }
    return last;
  }

  pass_times times_, drafting_;
};

TEST_F(drafting_pace, reckons_with_the_time_of_the_model) {
  auto cheap = paced(0.05);
  EXPECT_EQ(run(cheap, 50, true), guess_pace::most_guesses);
  auto dear = paced(0.95);
  EXPECT_LE(run(dear, 50, true), 1);
}

TEST_F(drafting_pace, what_was_drafted_for_nothing_is_paid_for) {
  auto pace = paced(0.2);
  double spent = 0;
  for (int pass = 0; pass < 1000; ++pass)
    if (pace.next(1).count > 0) { // and then the model is not sure of anything
      pace.count_drafting(0.2);
      spent += 0.2;
    }
  EXPECT_LE(spent, 1.5 + 0.015 * 1000);
  EXPECT_GT(spent, 10);
}

TEST_F(drafting_pace, reads_again_when_it_is_out_of_debt) {
  auto useless = paced(0.2), useful = paced(0.2);
  for (auto* pace : {&useless, &useful}) {
    (void)run(*pace, 8, pace == &useful);
    EXPECT_TRUE(pace->begin_reading());
    pace->count_reading(10);
    EXPECT_FALSE(pace->begin_reading());
  }
  (void)run(useless, 400, false);
  EXPECT_FALSE(useless.begin_reading());
  (void)run(useless, 300, false);
  EXPECT_TRUE(useless.begin_reading()) << "1.5 % of 700 passes";
  (void)run(useful, 15, true);
  EXPECT_TRUE(useful.begin_reading());
}

TEST_F(drafting_pace, reads_a_few_texts_before_it_could_guess) {
  auto unknown = paced(0.2), known = paced(0.2);
  for (auto* pace : {&unknown, &known})
    for (int text = 0; text < 3; ++text) {
      EXPECT_TRUE(pace->begin_reading());
      (void)run(*pace, 2, true);
      pace->count_reading(1000);
    }
  EXPECT_TRUE(unknown.begin_reading());
  EXPECT_FALSE(unknown.begin_reading());
  (void)run(known, 2, true);
  EXPECT_FALSE(known.begin_reading()) << "eight passes";
}

} // namespace
