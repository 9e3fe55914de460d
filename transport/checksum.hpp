// The checksum of AVP: CRC-32 with the polynomial of zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "transport/error.hpp"

namespace avp {

/// Continues a CRC-32 over more bytes; `so_far` is 0 at the start.
[[nodiscard]] std::uint32_t crc32(std::uint32_t so_far, std::span<const std::byte> bytes);

/// The error of a message whose bytes have another checksum than its sender wrote.
[[nodiscard]] tl::unexpected<error> checksum_mismatch(std::uint64_t bytes, std::uint32_t actual, std::uint32_t written);

} // namespace avp
