// A payload body that lies in memory.
#include "transport/memory_body.hpp"

#include <cstring>
#include <utility>

namespace avp {

memory_body::memory_body(std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
    : bytes_(bytes),
      owner_(std::move(owner)) {}

std::uint64_t memory_body::size() const { return bytes_.size(); }

void memory_body::write(std::uint64_t offset, std::span<std::byte> out) const {
  if (!out.empty())
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
}

} // namespace avp
