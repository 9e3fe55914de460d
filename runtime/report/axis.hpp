// Where the ticks of an axis stand, and their labels.
#pragma once

#include <string>
#include <vector>

namespace avp {

/// Round values (1, 2 or 5 times a power of ten apart) from 0 to the first that is not below `most`: about `count` of
/// them. {0, 1} where `most` is not above 0.
[[nodiscard]] std::vector<double> linear_ticks(double most, int count);

/// For a logarithmic axis: powers of ten from `low` to `high`, both above 0, with 2 and 5 times them where that gives
/// fewer than three; only values between `low` and `high`.
[[nodiscard]] std::vector<double> log_ticks(double low, double high);

/// Three significant digits and k, M, G or T: "0", "0.25", "12.5k", "3M".
[[nodiscard]] std::string short_number(double value);

} // namespace avp
