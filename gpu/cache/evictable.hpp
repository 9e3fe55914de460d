// What holds blocks between requests, as those see it who need blocks.
#pragma once

#include <cstdint>

namespace avp {

/// A context from which blocks can be taken. For the device's thread.
class evictable {
public:
  evictable() = default;
  evictable(const evictable&) = delete;
  evictable& operator=(const evictable&) = delete;
  virtual ~evictable() = default;

  /// The task that it belongs to.
  [[nodiscard]] virtual std::uint64_t task() const = 0;

  /// Whether its blocks are there.
  [[nodiscard]] virtual bool is_resident() const = 0;

  /// Whether its blocks are to be taken only where nothing else is left.
  [[nodiscard]] virtual bool is_pinned() const = 0;

  /// Blocks that evict() would make free: those that nobody else holds.
  [[nodiscard]] virtual std::int64_t sole_blocks() const = 0;

  /// Gives the blocks back. Returns false when someone is reading them at this moment.
  virtual bool evict() const = 0;
};

} // namespace avp
