// How sure a mean score is.
#pragma once

#include <cstdint>

namespace avp {

/// Two ends, of which the first is not above the second.
struct score_range {
  double low = 0;
  double high = 0;
};

/// The 95 % interval of a mean of `count` scores between 0 and 1, after Wilson (1927). For scores of 0 and 1 it is the
/// interval of a proportion; scores between them vary less than that at the same mean, so it is wide enough for them.
/// Without scores it is [0, 1].
[[nodiscard]] score_range wilson_range(double mean, std::int64_t count);

} // namespace avp
