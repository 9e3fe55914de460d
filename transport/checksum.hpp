// The checksum of AVP: CRC-32 with the polynomial of zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace avp {

/// Continues a CRC-32 over more bytes; `so_far` is 0 at the start.
[[nodiscard]] std::uint32_t crc32(std::uint32_t so_far, std::span<const std::byte> bytes);

} // namespace avp
