// Curves and intervals against numbers that numpy gives, and on data whose growth is known.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/results/scaling_fit.hpp"
#include "runtime/results/statistics.hpp"

namespace avp {
namespace {

using testing::Each;
using testing::SizeIs;

const std::vector<double> fitted_sizes{2, 3, 4, 5, 6, 7, 8};

template <class Cost>
std::vector<double> over_sizes(Cost cost) {
  std::vector<double> costs;
  for (const auto n : fitted_sizes)
    costs.push_back(cost(n));
  return costs;
}

// numpy.polyfit of degrees 1 and 2 and the sums of squared differences.
const std::vector<double> some_x{2, 3, 4, 5, 6, 8};
const std::vector<double> some_y{3.1, 4.7, 7.2, 8.9, 12.4, 20.3};

TEST(statistics, line_as_numpy_fits_it) {
  const auto fit = fit_line(some_x, some_y);
  EXPECT_NEAR(fit.constant, -3.82, 1e-12);
  EXPECT_NEAR(fit.slope, 2.84, 1e-12);
  EXPECT_NEAR(fit.residual, 6.476, 1e-12);
}

TEST(statistics, parabola_as_numpy_fits_it) {
  const auto fit = fit_parabola(some_x, some_y);
  EXPECT_NEAR(fit.constant, 1.83, 1e-11);
  EXPECT_NEAR(fit.slope, 0.14952380952381, 1e-11);
  EXPECT_NEAR(fit.square, 0.26904761904762, 1e-12);
  EXPECT_NEAR(fit.residual, 0.39552380952381, 1e-12);
}

TEST(statistics, curvature_is_tested_against_chance) {
  EXPECT_NEAR(curvature_p(some_x, some_y).value(), 0.0065273832081632, 1e-9);
  EXPECT_EQ(curvature_p(fitted_sizes, over_sizes([](double n) { return 1e9 * n + 1.0 / 3; })), 1);
  EXPECT_EQ(curvature_p(fitted_sizes, over_sizes([](double n) { return n * n; })), 0);
  EXPECT_EQ(curvature_p(fitted_sizes, over_sizes([](double) { return 0; })), 1);
  EXPECT_FALSE(curvature_p(std::vector<double>{1, 2, 3}, std::vector<double>{1, 4, 9}));
}

// Two-sided critical values as every table has them.
TEST(statistics, tails_of_student) {
  for (const auto& [degrees, t] :
       {std::pair{1, 12.7062}, {2, 4.30265}, {3, 3.18245}, {4, 2.77645}, {5, 2.57058}, {10, 2.22814}, {31, 2.03951}})
    EXPECT_NEAR(student_tails(t, degrees), 0.05, 1e-6) << degrees;
  EXPECT_EQ(student_tails(0, 4), 1);
  EXPECT_NEAR(student_tails(INFINITY, 7), 0, 1e-15);
}

TEST(statistics, exponents_of_powers_are_exact) {
  for (const double power : {0.0, 0.5, 1.0, 2.0, 3.0})
    EXPECT_NEAR(growth_exponent(fitted_sizes, over_sizes([=](double n) { return 7 * std::pow(n, power); })).value(),
                power, 1e-12);
  EXPECT_NEAR(growth_exponent(some_x, some_y).value(), 1.7717034729557, 1e-12);
}

// What a chain costs that reads everything again: n prompts of 80 tokens, and 60 more for every earlier agent.
TEST(statistics, exponent_of_a_sum_is_its_local_slope) {
  const auto cost = [](double n) { return 80 * n + 30 * n * (n - 1); };
  const double slope = (80 + 60 * 8 - 30) * 8 / cost(8);
  EXPECT_NEAR(growth_exponent(fitted_sizes, over_sizes(cost)).value(), slope, 0.02);
  EXPECT_NEAR(growth_exponent(fitted_sizes, over_sizes([](double n) { return 50 + 100 * n; })).value(), 800.0 / 850,
              0.02);
}

TEST(statistics, no_exponent_without_growth_or_points) {
  EXPECT_FALSE(growth_exponent(fitted_sizes, over_sizes([](double n) { return n - 2; })));
  EXPECT_FALSE(growth_exponent(std::vector<double>{1, 2}, std::vector<double>{1, 2}));
}

TEST(statistics, quantiles_as_numpy_interpolates_them) {
  const std::vector<double> values{3, 1, 4, 1, 5, 9, 2.5};
  EXPECT_DOUBLE_EQ(quantile(values, 0.025), 1);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile(values, 0.975), 8.4);
  EXPECT_DOUBLE_EQ(quantile({6}, 0.3), 6);
}

TEST(statistics, samples_are_those_of_the_seed) {
  const auto samples = resamples(5, 400, 42);
  EXPECT_THAT(samples, SizeIs(400));
  EXPECT_THAT(samples, Each(SizeIs(5)));
  std::vector<int> drawn(5);
  for (const auto& sample : samples)
    for (const auto draw : sample) {
      ASSERT_LT(draw, 5U);
      ++drawn[draw];
    }
  for (const auto count : drawn)
    EXPECT_NEAR(count, 400, 80); // four standard deviations
  EXPECT_EQ(resamples(5, 400, 42), samples);
  EXPECT_NE(resamples(5, 400, 43), samples);
}

/// Costs of tasks of different lengths that grow with that power of n, each off by up to a tenth.
std::vector<std::vector<double>> noisy_tasks(std::size_t count, double power, std::uint64_t seed) {
  const auto noise = resamples(1001, count, seed); // 0 … 1000
  std::vector<std::vector<double>> costs;
  for (std::size_t task = 0; task < count; ++task) {
    auto& row = costs.emplace_back();
    for (std::size_t i = 0; i < fitted_sizes.size(); ++i)
      row.push_back((50 + static_cast<double>(noise[task][i + 10])) * std::pow(fitted_sizes[i], power) *
                    (0.9 + static_cast<double>(noise[task][i + 30]) / 5000));
  }
  return costs;
}

TEST(scaling_fit, interval_covers_the_true_exponent) {
  int covered = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto fit = fit_scaling(fitted_sizes, noisy_tasks(20, 1.5, seed), resamples(20, 300, seed));
    ASSERT_LE(fit.low.value(), fit.high.value());
    covered += *fit.low <= 1.5 && 1.5 <= *fit.high ? 1 : 0;
  }
  EXPECT_GE(covered, 85); // percentile intervals of 20 tasks are a little short of their 95 %
}

TEST(scaling_fit, same_samples_give_the_same_interval) {
  const auto costs = noisy_tasks(6, 2, 3);
  const auto fit = fit_scaling(fitted_sizes, costs, resamples(6, 200, 9));
  EXPECT_EQ(fit_scaling(fitted_sizes, costs, resamples(6, 200, 9)).low, fit.low);
  EXPECT_NE(fit_scaling(fitted_sizes, costs, resamples(6, 200, 10)).low, fit.low);
}

TEST(scaling_fit, tells_a_line_from_a_parabola) {
  const auto of = [](double square) {
    std::vector<std::vector<double>> costs;
    for (const double length : {50.0, 80.0, 120.0})
      costs.push_back(over_sizes([=](double n) { return length * n + square * n * n; }));
    return fit_scaling(fitted_sizes, costs, resamples(3, 100, 1));
  };
  EXPECT_EQ(of(0).favoured(), "linear");
  EXPECT_EQ(of(30).favoured(), "quadratic");
  EXPECT_NEAR(of(30).parabola.square, 30, 1e-9);
  EXPECT_NEAR(of(0).line.slope, 250.0 / 3, 1e-9);
}

TEST(scaling_fit, a_single_task_has_no_interval) {
  const auto fit = fit_scaling({1, 2, 4}, {{5, 10, 20}}, resamples(1, 10, 1));
  EXPECT_EQ(fit.text(), "n^1.00");
  EXPECT_FALSE(fit.low);
  EXPECT_FALSE(fit.favoured());
  const auto written = fit.json();
  EXPECT_TRUE(written["low"].is_null());
  EXPECT_TRUE(written["p"].is_null());
  EXPECT_TRUE(written["favoured"].is_null());
  EXPECT_EQ(written["means"], (std::vector<double>{5, 10, 20}));
}

} // namespace
} // namespace avp
