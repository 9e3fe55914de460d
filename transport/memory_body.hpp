// A payload body that lies in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "transport/payload.hpp"

namespace avp {

/// Tensor bytes in memory that somebody owns: a message that came over a socket, a file, a test.
class memory_body final : public payload_body {
public:
  /// Views `bytes`, which `owner` keeps alive.
  memory_body(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

  /// All bytes.
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  [[nodiscard]] std::uint64_t size() const override;
  void write(std::uint64_t offset, std::span<std::byte> out) const override;

private:
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
};

} // namespace avp
