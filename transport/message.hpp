// One AVP message: from bytes to metadata and a view of the tensor bytes, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "transport/byte_buffer.hpp"
#include "transport/compression.hpp"
#include "transport/error.hpp"
#include "transport/metadata.hpp"
#include "transport/payload.hpp"

namespace avp {

/// Length of the fixed header, in bytes.
inline constexpr std::size_t message_header_bytes = 12;

/// What the length field of the header can say at most: metadata and tensor bytes of one message, in bytes.
inline constexpr std::uint64_t max_payload_length = 0xffff'ffff;

/// Bits of the header's flags.
enum message_flag : std::uint8_t { flag_compressed = 1, flag_has_map = 2, flag_kv_cache = 4 };

/// The fixed header of a message.
struct message_header {
  std::uint8_t version = 1;
  std::uint8_t flags = 0;
  std::uint32_t payload_length = 0;  ///< Metadata and tensor bytes, as on the wire.
  std::uint32_t metadata_length = 0; ///< Metadata bytes.

  /// Bytes of the whole message; whatever follows them does not belong to it.
  [[nodiscard]] std::uint64_t message_bytes() const { return message_header_bytes + std::uint64_t{payload_length}; }
};

/// Limits and checks for decoding what a stranger sent.
struct decode_options {
  /// The most tensor bytes that may come out of decompression: 256 MiB unless the caller says otherwise. More is
  /// too_large, found before memory is taken: from what the message declares, or else by unpacking it piece by piece.
  std::uint64_t max_body_bytes = std::uint64_t{256} << 20;
  /// The most metadata bytes; more is too_large. Parsed metadata takes several times its wire size.
  std::uint32_t max_metadata_bytes = 1 << 20;
  /// Whether a checksum that does not fit is an error.
  bool verify_checksum = true;
};

/// A decoded message. Without compression the body is a view of the bytes that were decoded, which must outlive it.
struct message {
  message_header header;
  metadata meta;
  /// CRC-32 that the sender wrote, if it did.
  std::optional<std::uint32_t> checksum;
  /// Whether `checksum` is there and is that of the body. Always computed when checksums are verified.
  bool checksum_ok = false;
  /// Tensor bytes, decompressed.
  std::span<const std::byte> body;
  /// What holds the body when the message was compressed; empty otherwise.
  byte_buffer inflated;
};

/// Reads the fixed header. Fails with too_short, bad_magic or unsupported_version.
[[nodiscard]] expected<message_header> decode_header(std::span<const std::byte> bytes);

/// Decodes one message at the start of `bytes`; what follows it is ignored. Copies no tensor byte unless the message is
/// compressed. Of a compressed message that grows to many times its size the checksum is looked at before memory is
/// taken for what comes out. Fails with too_short, bad_magic, unsupported_version, truncated, bad_metadata,
/// unknown_enum, checksum_mismatch, decompression_failed or too_large.
[[nodiscard]] expected<message> decode(std::span<const std::byte> bytes, const decode_options& options = {});

/// Decodes a message and keeps its bytes alive: `owner` holds the memory that `bytes` views for as long as the
/// payload's body lives. Fails like decode().
[[nodiscard]] expected<payload> decode_payload(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                               const decode_options& options = {});

/// Bytes of the whole uncompressed message for this metadata and so many tensor bytes; where they do not fit one
/// message (4 GiB), the sum over the messages into which split() divides them.
[[nodiscard]] std::uint64_t encoded_size(const metadata& meta, std::uint64_t body_bytes);

/// Encodes a message into a buffer made for it: header, metadata and body are written once, in place. Fails with
/// too_large over 4 GiB (split() first), bad_metadata when a text in the metadata is not UTF-8, invalid_argument for an
/// unknown level.
[[nodiscard]] expected<byte_buffer> encode(const payload& whole, compression level = compression::none);

/// The same for tensor bytes that lie in memory.
[[nodiscard]] expected<byte_buffer> encode(const metadata& meta, std::span<const std::byte> body,
                                           compression level = compression::none);

/// Encodes an uncompressed message into memory of the caller, at least encoded_size() bytes, and returns how many it
/// wrote. Fails like encode(), and with invalid_argument when `out` is too small.
[[nodiscard]] expected<std::uint64_t> encode_into(const payload& whole, std::span<std::byte> out);

} // namespace avp
