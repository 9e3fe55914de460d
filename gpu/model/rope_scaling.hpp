// By what the rotary frequencies of models with a stretched context are divided.
#pragma once

#include <cstdint>
#include <vector>

namespace avp {

/// Llama 3.1: slow frequencies (few turns within the original context) are divided by `factor`, fast ones stay, with a
/// linear transition between.
struct llama3_scaling {
  double factor = 1;
  double low = 1;      ///< Turns up to which a frequency is slow.
  double high = 4;     ///< Turns from which it is fast.
  double original = 0; ///< Positions of the original context.
};

/// One divisor for each of the `dim` / 2 frequencies theta^(-2i/dim), as transformers computes them.
[[nodiscard]] std::vector<float> llama3_factors(const llama3_scaling& scaling, double theta, std::int64_t dim);

/// YaRN (arXiv 2309.00071, section 3.2).
struct yarn_scaling {
  double factor = 1;
  double original = 0;   ///< Positions of the original context.
  double beta_fast = 32; ///< Turns from which a frequency stays.
  double beta_slow = 1;  ///< Turns up to which it is divided by `factor`.
  bool truncate = true;  ///< Whether the transition begins and ends at whole pairs.
};

/// Likewise.
[[nodiscard]] std::vector<float> yarn_factors(const yarn_scaling& scaling, double theta, std::int64_t dim);

/// The magnitude that YaRN gives rotated values: 0.1 · weight · ln(factor) + 1 where the factor is over 1.
[[nodiscard]] double yarn_magnitude(double factor, double weight = 1);

/// The one of LongRoPE (arXiv 2402.13753): √(1 + ln(factor) / ln(original)) where the factor is over 1.
[[nodiscard]] double longrope_magnitude(double factor, double original);

} // namespace avp
