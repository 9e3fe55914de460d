// Formulas as published.
#include "runtime/results/paired_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace avp {
namespace {

constexpr double z = 1.959963984540054; // the normal distribution's 97.5 % quantile

double squared(double x) { return x * x; }

/// The correlation of the two ways, with the correction of method 10.
double correlation(const paired_counts& counts, double n) {
  const auto a = static_cast<double>(counts.both);
  const auto b = static_cast<double>(counts.first_only);
  const auto c = static_cast<double>(counts.second_only);
  const auto d = static_cast<double>(counts.neither);
  const auto below = (a + b) * (c + d) * (a + c) * (b + d);
  if (below == 0)
    return 0;
  const auto above = a * d - b * c;
  return (above > 0 ? std::max(above - n / 2, 0.0) : above) / std::sqrt(below);
}

} // namespace

interval wilson_interval(double right, std::int64_t all) {
  if (all <= 0)
    return {0, 1};
  const auto n = static_cast<double>(all);
  const auto p = right / n;
  const auto middle = p + z * z / (2 * n);
  const auto half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const auto scale = 1 + z * z / n;
  return {std::max((middle - half) / scale, 0.0), std::min((middle + half) / scale, 1.0)};
}

interval paired_difference_interval(const paired_counts& counts) {
  const auto all = counts.both + counts.first_only + counts.second_only + counts.neither;
  const auto n = static_cast<double>(all);
  const auto first = wilson_interval(static_cast<double>(counts.both + counts.first_only), all);
  const auto second = wilson_interval(static_cast<double>(counts.both + counts.second_only), all);
  const auto p = static_cast<double>(counts.both + counts.first_only) / n;
  const auto q = static_cast<double>(counts.both + counts.second_only) / n;
  const auto phi = correlation(counts, n);
  const auto reach = [phi](double x, double y) {
    return std::sqrt(std::max(squared(x) - 2 * phi * x * y + squared(y), 0.0));
  };
  return {p - q - reach(p - first.low, second.high - q), p - q + reach(first.high - p, q - second.low)};
}

double mcnemar_p(const paired_counts& counts) {
  const auto n = counts.first_only + counts.second_only;
  const auto fewer = std::min(counts.first_only, counts.second_only);
  double tail = 0;
  for (std::int64_t k = 0; k <= fewer; ++k)
    tail += std::exp(std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
                     std::lgamma(static_cast<double>(n - k) + 1) - static_cast<double>(n) * std::log(2.0));
  return std::min(2 * tail, 1.0);
}

interval bootstrap_mean_interval(const std::vector<double>& values) {
  constexpr std::size_t resamples = 10000;
  std::mt19937_64 random(42);
  const auto n = values.size();
  std::vector<double> means(resamples);
  for (auto& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      sum += values[random() % n]; // a remainder favours no index by more than 2^-50
    mean = sum / static_cast<double>(n);
  }
  std::sort(means.begin(), means.end());
  const auto quantile = [&](double share) { return means[static_cast<std::size_t>(share * (resamples - 1))]; };
  return {quantile(0.025), quantile(0.975)};
}

} // namespace avp
