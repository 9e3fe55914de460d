// Round numbers.
#include "runtime/report/axis.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace avp {

std::vector<double> linear_ticks(double most, int count) {
  if (!(most > 0) || !std::isfinite(most))
    return {0, 1};
  const auto power = std::pow(10.0, std::floor(std::log10(most / count)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0})
    if (most / (factor * power) <= count + 1e-9) {
      step = factor * power;
      break;
    }
  std::vector<double> ticks;
  for (int i = 0; ticks.empty() || ticks.back() < most * (1 - 1e-9); ++i)
    ticks.push_back(i * step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  const auto between = [&](const std::vector<double>& factors) {
    std::vector<double> ticks;
    for (auto exponent = std::floor(std::log10(low)); exponent <= std::ceil(std::log10(high)); ++exponent)
      for (const double factor : factors)
        if (const auto value = factor * std::pow(10.0, exponent);
            value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9))
          ticks.push_back(value);
    return ticks;
  };
  const auto decades = between({1});
  return decades.size() >= 3 ? decades : between({1, 2, 5});
}

std::string short_number(double value) {
  constexpr std::array<const char*, 5> units{"", "k", "M", "G", "T"};
  std::size_t unit = 0;
  while (std::abs(value) >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return std::string(text.data()) + units[unit];
}

} // namespace avp
