// Intervals and tests against SciPy 1.16 and published examples, and what people and programs read of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/results/comparison.hpp"
#include "runtime/results/paired_statistics.hpp"

namespace avp {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

void expect_near(const interval& found, double low, double high, double tolerance = 1e-10) {
  EXPECT_NEAR(found.low, low, tolerance);
  EXPECT_NEAR(found.high, high, tolerance);
}

// scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
TEST(paired_statistics, wilson_intervals_equal_those_of_scipy) {
  expect_near(wilson_interval(41, 100), 0.31867313021136523, 0.5079856994658922);
  expect_near(wilson_interval(0, 10), 0, 0.27753279986288926);
  expect_near(wilson_interval(10, 10), 0.7224672001371109, 1);
  expect_near(wilson_interval(1, 1), 0.20654931437723745, 1);
  expect_near(wilson_interval(81, 263), 0.2552885198782742, 0.36620957698280004);
  expect_near(wilson_interval(0, 0), 0, 1);
}

// scipy.stats.binomtest(b, b + c).pvalue
TEST(paired_statistics, mcnemar_equals_the_binomial_test_of_scipy) {
  const auto p = [](std::int64_t first_only, std::int64_t second_only) {
    return mcnemar_p({.both = 17, .first_only = first_only, .second_only = second_only, .neither = 3});
  };
  EXPECT_NEAR(p(9, 5), 0.4239501953125, 1e-12);
  EXPECT_NEAR(p(5, 9), 0.4239501953125, 1e-12);
  EXPECT_NEAR(p(10, 0), 0.001953125, 1e-12);
  EXPECT_NEAR(p(30, 10), 0.0022214337732293643, 1e-12);
  EXPECT_NEAR(p(2, 12), 0.012939453125, 1e-12);
  EXPECT_EQ(p(7, 7), 1);
  EXPECT_EQ(p(1, 0), 1);
  EXPECT_EQ(p(0, 0), 1);
}

// The first two are examples of Newcombe's paper (table III, method 10); the others come from the same formulas in
// Python.
TEST(paired_statistics, differences_have_the_intervals_of_newcombe) {
  expect_near(paired_difference_interval({36, 12, 2, 0}), 0.05692958400323875, 0.3404276029749408);
  expect_near(paired_difference_interval({20, 12, 2, 16}), 0.05615642484174829, 0.32920699540014053);
  expect_near(paired_difference_interval({30, 9, 5, 56}), -0.03508796904184029, 0.1143467969436592);
  expect_near(paired_difference_interval({29, 11, 0, 10}), 0.0964643246270489, 0.33693861116181967);
  expect_near(paired_difference_interval({0, 0, 0, 50}), -0.07134759913335872, 0.07134759913335872);
}

// scipy.stats.bootstrap((x,), numpy.mean, method="percentile", n_resamples=200000): 0.012, 0.481, give or take 0.002.
TEST(paired_statistics, the_bootstrap_equals_that_of_scipy) {
  expect_near(bootstrap_mean_interval({0, 0.5, 1, 0.25, -0.5, 0, 0, 0.667, 0.1, -0.2, 0.3, 0.8}), 0.012, 0.481, 0.012);
  expect_near(bootstrap_mean_interval({0.25}), 0.25, 0.25);
  const std::vector<double> same{0.1, 0.9, 0.4};
  EXPECT_EQ(bootstrap_mean_interval(same).low, bootstrap_mean_interval(same).low);
}

task_result result_of(mode mode, int task, std::optional<double> score) {
  task_result result;
  result.task = "t" + std::to_string(task);
  result.mode = mode;
  result.score = score;
  return result;
}

/// Latent alone is right at 9 tasks, text alone at 5, both at 30, none at 56.
comparison known_comparison() {
  comparison modes;
  for (int task = 0; task < 100; ++task) {
    modes.add(result_of(mode::latent, task, task < 39 ? 1 : 0));
    modes.add(result_of(mode::text, task, task < 30 || (task >= 39 && task < 44) ? 1 : 0));
  }
  return modes;
}

TEST(comparison, tells_people_which_mode_is_better_and_how_sure_that_is) {
  const auto text = known_comparison().text();
  EXPECT_THAT(text, HasSubstr("score and its 95 % interval: latent 39.0 % [30.0, 48.8], text 35.0 % [26.4, 44.7]\n"));
  EXPECT_THAT(text,
              HasSubstr("latent \u2212 text: +4.0 points [\u22123.5, 11.4], p = 0.42 (McNemar, 9 against 5 of 100 "
                        "tasks)\n"));
}

TEST(comparison, tells_programs_the_same) {
  const auto written = known_comparison().json();
  ASSERT_EQ(written.at("scores").size(), 2U);
  EXPECT_EQ(written.at("scores")[0].at("mode"), "latent");
  EXPECT_EQ(written.at("scores")[0].at("tasks"), 100);
  EXPECT_DOUBLE_EQ(written.at("scores")[0].at("score"), 0.39);
  const auto& pair = written.at("pairs").at(0);
  EXPECT_EQ(pair.at("first"), "latent");
  EXPECT_EQ(pair.at("second"), "text");
  EXPECT_EQ(pair.at("first_only"), 9);
  EXPECT_EQ(pair.at("second_only"), 5);
  EXPECT_NEAR(pair.at("difference"), 0.04, 1e-12);
  EXPECT_NEAR(pair.at("low"), -0.03508796904184029, 1e-10);
  EXPECT_NEAR(pair.at("p"), 0.4239501953125, 1e-12);
}

TEST(comparison, only_tasks_with_both_scores_are_pairs) {
  auto modes = known_comparison();
  modes.add(result_of(mode::direct, 0, 1));
  modes.add(result_of(mode::direct, 1, std::nullopt));
  modes.add(result_of(mode::direct, 1000, 0));
  const auto written = modes.json();
  ASSERT_EQ(written.at("pairs").size(), 3U);
  EXPECT_EQ(written.at("pairs")[1].at("second"), "direct");
  EXPECT_EQ(written.at("pairs")[1].at("tasks"), 1);
}

TEST(comparison, fractions_are_resampled) {
  comparison modes;
  for (int task = 0; task < 50; ++task) {
    modes.add(result_of(mode::latent, task, 0.5));
    modes.add(result_of(mode::text, task, task % 2 == 0 ? 0.25 : 0.5));
  }
  EXPECT_THAT(modes.text(), HasSubstr("latent \u2212 text: +12.5 points ["));
  EXPECT_THAT(modes.text(), HasSubstr("(bootstrap over 50 tasks)"));
  EXPECT_THAT(modes.text(), Not(HasSubstr("McNemar")));
  EXPECT_TRUE(modes.json().at("pairs")[0].at("p").is_null());
}

TEST(comparison, one_mode_or_no_score_compares_nothing) {
  comparison modes;
  EXPECT_THAT(modes.text(), IsEmpty());
  modes.add(result_of(mode::latent, 1, 1));
  modes.add(result_of(mode::text, 1, std::nullopt));
  EXPECT_THAT(modes.text(), IsEmpty());
  EXPECT_TRUE(modes.json().at("pairs").empty());
}

} // namespace
} // namespace avp
