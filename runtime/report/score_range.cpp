// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
#include <algorithm>
#include <cmath>

#include <avp/runtime/report/score_range.hpp>

namespace avp {

score_range wilson_range(double mean, std::int64_t count) {
  if (count <= 0)
    return {0, 1};
  constexpr double z = 1.959963984540054; // the 97.5 % point of the normal distribution
  const auto n = static_cast<double>(count);
  const auto p = std::clamp(mean, 0.0, 1.0);
  const auto centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const auto half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, std::min(centre - half, p)), std::min(1.0, std::max(centre + half, p))};
}

} // namespace avp
