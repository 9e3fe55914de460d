// How sure one can be of scores and of differences between them.
#pragma once

#include <cstdint>
#include <vector>

namespace avp {

/// A 95 % confidence interval.
struct interval {
  double low = 0;
  double high = 0;
};

/// Two ways of doing the same tasks, each right or wrong at each.
struct paired_counts {
  std::int64_t both = 0;
  std::int64_t first_only = 0;
  std::int64_t second_only = 0;
  std::int64_t neither = 0;
};

/// Wilson's score interval of a share of `right` among `all` (Wilson 1927; without continuity correction). `right` may
/// be a sum of scores between 0 and 1: those vary less than zeros and ones with the same mean, so it is wide enough for
/// them. 0 to 1 where `all` is 0.
[[nodiscard]] interval wilson_interval(double right, std::int64_t all);

/// The interval of the difference of two paired shares, first - second: the square-and-add method 10 of Newcombe 1998
/// (Statistics in Medicine 17, 2635), which also holds where nobody or everybody is right.
[[nodiscard]] interval paired_difference_interval(const paired_counts& counts);

/// The p-value of McNemar's exact test: how often, if both ways were equally good, the tasks at which they differ would
/// be divided at least as unevenly (two-sided binomial test with probability 1/2).
[[nodiscard]] double mcnemar_p(const paired_counts& counts);

/// The percentile bootstrap interval of the mean of `values`, which are one or more: 10,000 resamples with replacement,
/// drawn from a fixed seed.
[[nodiscard]] interval bootstrap_mean_interval(const std::vector<double>& values);

} // namespace avp
