// Reuse of message buffers.
#include "transport/link/buffer_pool.hpp"

#include <algorithm>
#include <utility>

namespace avp {

namespace {

constexpr std::uint64_t granularity = 1 << 20;

/// Large buffers come in whole MiB, so that messages of nearly the same length share them.
std::uint64_t rounded(std::uint64_t bytes) {
  return bytes < granularity ? bytes : (bytes + granularity - 1) / granularity * granularity;
}

} // namespace

byte_buffer buffer_pool::take(std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    // The first that is large enough but not wastefully so.
    const auto found = std::ranges::find_if(
        idle_, [&](const byte_buffer& b) { return b.size() >= bytes && b.size() <= 2 * rounded(bytes); });
    if (found != idle_.end()) {
      auto buffer = std::move(*found);
      idle_.erase(found);
      idle_bytes_ -= buffer.size();
      used_bytes_ += buffer.size();
      return buffer;
    }
  }
  byte_buffer buffer(rounded(bytes));
  const std::lock_guard lock(mutex_);
  used_bytes_ += buffer.size();
  return buffer;
}

byte_buffer buffer_pool::adopt(byte_buffer buffer) {
  const std::lock_guard lock(mutex_);
  used_bytes_ += buffer.size();
  return buffer;
}

void buffer_pool::give(byte_buffer buffer) {
  const std::lock_guard lock(mutex_);
  used_bytes_ -= buffer.size();
  if (buffer.size() < granularity || buffer.size() > idle_limit_ - std::min(idle_limit_, idle_bytes_))
    return;
  idle_bytes_ += buffer.size();
  idle_.push_back(std::move(buffer));
}

std::uint64_t buffer_pool::in_use() const {
  const std::lock_guard lock(mutex_);
  return used_bytes_;
}

} // namespace avp
