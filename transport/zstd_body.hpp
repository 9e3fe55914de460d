// Tensor bytes in zstd frames; used inside the room only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "transport/byte_buffer.hpp"
#include "transport/compression.hpp"
#include "transport/error.hpp"

namespace avp::wire {

/// Hands out the next bytes of a body: called with an offset and a length, returns a view that is valid until the next
/// call.
using chunk_source = std::function<std::span<const std::byte>(std::uint64_t offset, std::size_t length)>;

/// How many bytes of a body are handled at a time: little enough to be summed up and copied from the same cache.
inline constexpr std::size_t chunk_bytes = 256 * 1024;

/// The most bytes that the frame of a body of `body_bytes` can have.
[[nodiscard]] std::uint64_t compressed_bound(std::uint64_t body_bytes);

/// Compresses a body into `out` (at least compressed_bound() bytes) as one frame that pledges its content size, and
/// returns the frame's length. Fails with invalid_argument for an unknown level.
[[nodiscard]] expected<std::uint64_t> compress(std::uint64_t body_bytes, const chunk_source& next, compression level,
                                               std::span<std::byte> out);

/// Decompresses frames, of which our own messages have one. What they declare is held against `limit` before anything
/// is unpacked. Where they declare nothing, or many times what came, they are unpacked piece by piece first, and memory
/// is taken when their true size is within the limit and `checksum` (a CRC-32 of all that comes out; nothing: not
/// looked at) is theirs. Fails with too_large, checksum_mismatch, or decompression_failed, also for a window over 128
/// MiB.
[[nodiscard]] expected<byte_buffer> decompress(std::span<const std::byte> frames, std::uint64_t limit,
                                               std::optional<std::uint32_t> checksum);

} // namespace avp::wire
