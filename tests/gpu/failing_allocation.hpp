// Lets one allocation fail.
#pragma once

#include <cstdint>

namespace avp::test {

/// As long as it lives one allocation of its thread by operator new fails: the one that comes after `before` others.
/// One at a time.
class failing_allocation {
public:
  explicit failing_allocation(std::int64_t before);
  failing_allocation(const failing_allocation&) = delete;
  failing_allocation& operator=(const failing_allocation&) = delete;
  ~failing_allocation();

  /// Whether it came to that one.
  [[nodiscard]] bool has_failed() const;
};

} // namespace avp::test
