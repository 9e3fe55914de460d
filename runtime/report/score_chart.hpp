// Mean scores with their intervals, as a picture.
#pragma once

#include <string>
#include <vector>

#include "runtime/report/series.hpp"

namespace avp {

/// A dot for each series that has scores, with whiskers over its 95 % interval, on an axis from 0 to 100 %. Empty where
/// nothing was scored.
[[nodiscard]] std::string score_chart(const std::vector<series>& all);

} // namespace avp
