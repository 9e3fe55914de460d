// What passes take, by those that were measured.
#include <gtest/gtest.h>

#include "gpu/engine/pass_times.hpp"

namespace {

using namespace avp;

void measure(pass_times& times, std::int64_t rows, double milliseconds, int passes = 5) {
  for (int pass = 0; pass < passes; ++pass)
    times.learn(rows, milliseconds);
}

TEST(pass_times, are_medians_of_the_latest) {
  pass_times times;
  EXPECT_EQ(times.of(1), 0);
  for (const double measured : {90.0, 20.0, 22.0, 21.0, 500.0}) // a first one, one beside other work
    times.learn(1, measured);
  EXPECT_EQ(times.of(1), 22);
  measure(times, 1, 40, 3);
  EXPECT_EQ(times.of(1), 40);
}

TEST(pass_times, between_those_that_were_measured_lie_in_between) {
  pass_times times;
  measure(times, 2, 20);
  measure(times, 6, 40);
  EXPECT_EQ(times.of(2), 20);
  EXPECT_EQ(times.of(3), 25);
  EXPECT_EQ(times.of(4), 30);
  EXPECT_EQ(times.of(6), 40);
  EXPECT_LT(times.of(1), 20);
  EXPECT_GT(times.of(1), 0);
  EXPECT_GT(times.of(7), 40);
  EXPECT_GT(times.of(9), times.of(8));
}

TEST(pass_times, are_no_longer_than_with_more_rows) {
  pass_times times;
  measure(times, 1, 30);
  measure(times, 2, 50); // when contexts were long
  measure(times, 4, 40);
  EXPECT_EQ(times.of(1), 30);
  EXPECT_EQ(times.of(2), 40);
  EXPECT_EQ(times.of(3), 40);
  EXPECT_EQ(times.of(4), 40);
  measure(times, 8, 20);
  EXPECT_EQ(times.of(1), 20);
}

TEST(pass_times, of_long_passes_go_by_the_row) {
  pass_times times;
  measure(times, 1, 20);
  measure(times, 8, 50);
  const auto supposed = times.of(100);
  EXPECT_GT(supposed, 400);
  measure(times, 16, 1000); // of which nothing is learnt
  EXPECT_EQ(times.of(100), supposed);
  measure(times, 256, 512);
  EXPECT_EQ(times.of(100), 200);
  EXPECT_EQ(times.of(10), 50) << "no less than eight";
  EXPECT_EQ(times.of(8), 50);
}

TEST(pass_times, want_to_be_measured_again) {
  pass_times times;
  EXPECT_TRUE(times.is_unsure(1));
  measure(times, 1, 20, 2);
  EXPECT_TRUE(times.is_unsure(1));
  measure(times, 1, 20, 1);
  EXPECT_FALSE(times.is_unsure(1));
  EXPECT_TRUE(times.is_unsure(2));
  measure(times, 8, 40, 63);
  EXPECT_FALSE(times.is_unsure(1));
  measure(times, 0, 1, 9); // which are no passes
  EXPECT_FALSE(times.is_unsure(1));
  measure(times, 100, 400, 1);
  EXPECT_TRUE(times.is_unsure(1));
  measure(times, 1, 20, 1);
  EXPECT_FALSE(times.is_unsure(1));
  EXPECT_TRUE(times.is_unsure(0));
  EXPECT_TRUE(times.is_unsure(9));
}

TEST(pass_times, that_are_known_stay_as_they_are) {
  pass_times times({.first = 2, .further = 0.5});
  measure(times, 1, 100);
  EXPECT_EQ(times.of(1), 2);
  EXPECT_EQ(times.of(8), 5.5);
  for (const std::int64_t rows : {1, 8})
    EXPECT_FALSE(times.is_unsure(rows));
}

} // namespace
