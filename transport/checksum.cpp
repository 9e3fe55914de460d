// CRC-32 by libdeflate: the same numbers as zlib's, four times as fast on a processor with carry-less multiplication.
#include <libdeflate.h>

#include <avp/transport/checksum.hpp>

namespace avp {

std::uint32_t crc32(std::uint32_t so_far, std::span<const std::byte> bytes) {
  return bytes.empty() ? so_far : libdeflate_crc32(so_far, bytes.data(), bytes.size());
}

} // namespace avp
