// Who goes first when memory or rows are short.
#pragma once

#include <compare>
#include <cstdint>

namespace avp {

/// Older tasks go first, and within a task what came first. No two requests of a device have the same.
struct priority {
  std::uint64_t task = 0;
  std::uint64_t arrival = 0;
  auto operator<=>(const priority&) const = default;
};

} // namespace avp
