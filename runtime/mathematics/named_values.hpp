// What several names stand for: x = 1, y = 2.
#pragma once

#include <optional>

#include "runtime/mathematics/formula.hpp"

namespace avp::math {

/// The values of a list's different names, in the order of these: of "y = 2, x = 1" (1, 2). Nothing where a part is no
/// such value, or a name comes twice.
[[nodiscard]] std::optional<formula> as_point(const formula& list);

/// Whether a formula is a list of values of different names.
[[nodiscard]] bool is_named_list(const formula& f);

/// (x, y) = (1, 2) as the list x = 1, y = 2; nothing for other formulas.
[[nodiscard]] std::optional<formula> by_coordinates(const formula& f);

} // namespace avp::math
