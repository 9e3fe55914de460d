// Formulas of scaled rotary embeddings, all in float64.
#include "gpu/model/rope_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace avp {

std::vector<float> llama3_factors(const llama3_scaling& scaling, double theta, std::int64_t dim) {
  std::vector<float> factors;
  for (std::int64_t pair = 0; pair < dim / 2; ++pair) {
    const double exponent = 2 * static_cast<double>(pair) / static_cast<double>(dim);
    const double wavelength = 2 * std::numbers::pi * std::pow(theta, exponent);
    const double turns = scaling.original / wavelength;
    double divisor = 1;
    if (turns < scaling.low)
      divisor = scaling.factor;
    else if (turns <= scaling.high) {
      const double smooth = (turns - scaling.low) / (scaling.high - scaling.low);
      divisor = 1 / ((1 - smooth) / scaling.factor + smooth);
    }
    factors.push_back(static_cast<float>(divisor));
  }
  return factors;
}

std::vector<float> yarn_factors(const yarn_scaling& scaling, double theta, std::int64_t dim) {
  // The pair, as a real number, that makes so many turns within the original context.
  const auto pair_of = [&](double turns) {
    return static_cast<double>(dim) * std::log(scaling.original / (turns * 2 * std::numbers::pi)) /
           (2 * std::log(theta));
  };
  double low = pair_of(scaling.beta_fast), high = pair_of(scaling.beta_slow);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(dim - 1));
  if (low == high)
    high += 0.001;
  std::vector<float> factors;
  for (std::int64_t pair = 0; pair < dim / 2; ++pair) {
    const double slow = std::clamp((static_cast<double>(pair) - low) / (high - low), 0.0, 1.0);
    factors.push_back(static_cast<float>(1 / (slow / scaling.factor + (1 - slow))));
  }
  return factors;
}

double yarn_magnitude(double factor, double weight) { return factor > 1 ? 0.1 * weight * std::log(factor) + 1 : 1; }

double longrope_magnitude(double factor, double original) {
  return factor > 1 ? std::sqrt(1 + std::log(factor) / std::log(original)) : 1;
}

} // namespace avp
