// What operators do with values, as Python has it.
#pragma once

#include <optional>
#include <string_view>

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// `left sign right` for + - * / // % **. Throws fault where Python raises an error, and beyond 64 bits.
[[nodiscard]] value apply(run& work, std::string_view sign, const value& left, const value& right);

/// The number with the other sign; with `positive`, the number.
[[nodiscard]] value negated(const value& number, bool positive = false);

} // namespace avp::jinja
