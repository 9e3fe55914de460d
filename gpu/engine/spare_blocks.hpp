// Blocks that are wanted by somebody, and by everybody else more.
#pragma once

#include <cstdint>

namespace avp {

/// Who holds blocks of a pool only as long as no request needs them.
class spare_blocks {
public:
  virtual ~spare_blocks() = default;

  [[nodiscard]] virtual std::int64_t held() const = 0;

  /// Gives all of them back, at once.
  virtual void give_back() = 0;
};

} // namespace avp
