// How one quantity grows, as a picture.
#pragma once

#include <string>

#include "runtime/report/scaling_data.hpp"

namespace avp {

/// The curves of one quantity on two logarithmic axes, where a power of n is a straight line: a faint dot for each
/// task, a mark for each mean, the favoured polynomial, and its growth exponent at the end. Empty where nothing is
/// above 0.
[[nodiscard]] std::string scaling_chart(const scaling_data& data, const std::string& quantity);

} // namespace avp
