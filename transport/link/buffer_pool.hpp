// Buffers of sent messages, kept for the next ones; used inside the room only.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "transport/byte_buffer.hpp"

namespace avp {

/// A bounded number of buffers in turn. A fresh buffer of 64 MiB costs as much in page faults as sending it does, so
/// the ones that come back are handed out again. Thread-safe.
class buffer_pool {
public:
  /// Keeps at most `idle_bytes` in buffers that nobody uses.
  explicit buffer_pool(std::uint64_t idle_bytes) : idle_limit_(idle_bytes) {}

  /// A buffer of at least `bytes` bytes. Throws std::bad_alloc when there is no memory.
  [[nodiscard]] byte_buffer take(std::uint64_t bytes);

  /// Counts a buffer that was made elsewhere as taken, and returns it.
  [[nodiscard]] byte_buffer adopt(byte_buffer buffer);

  /// Gives a buffer back.
  void give(byte_buffer buffer);

  /// Bytes in buffers that were taken and not given back.
  [[nodiscard]] std::uint64_t in_use() const;

private:
  mutable std::mutex mutex_;
  std::vector<byte_buffer> idle_;
  std::uint64_t idle_bytes_ = 0;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t idle_limit_;
};

} // namespace avp
