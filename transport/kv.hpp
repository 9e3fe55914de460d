// The KV-cache payload: its 17-byte inner header, and the checks before anything in it is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "transport/error.hpp"
#include "transport/metadata.hpp"

namespace avp {

/// Inner header of a KV payload. After it come, layer by layer, K and then V, each contiguous
/// [num_kv_heads, seq_len, head_dim] in little-endian elements of `dtype`; keys are stored after rotary embedding.
struct kv_header {
  std::uint32_t num_layers = 0;
  std::uint32_t num_kv_heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t seq_len = 0; ///< Positions in the cache, in tokens; 0 is allowed.
  data_type dtype = data_type::float32;

  bool operator==(const kv_header&) const = default;
};

/// Length of the inner header on the wire, in bytes.
inline constexpr std::uint64_t kv_header_bytes = 17;

/// Bytes of one element of `dtype`.
[[nodiscard]] std::uint64_t element_bytes(data_type dtype);

/// Bytes of one K or one V tensor of one layer. Fails with too_large when the number does not fit 64 bits.
[[nodiscard]] expected<std::uint64_t> kv_tensor_bytes(const kv_header& header);

/// Bytes of the whole payload, inner header included. Fails with too_large when the number does not fit 64 bits.
[[nodiscard]] expected<std::uint64_t> kv_payload_bytes(const kv_header& header);

/// Writes the 17 bytes of the inner header.
void write_kv_header(const kv_header& header, std::span<std::byte, kv_header_bytes> out);

/// Reads the inner header from the first 17 bytes of a body. Fails with bad_kv_header when there are fewer, when the
/// element type is not float32, float16 or bfloat16, or when layers, heads or head dimension are 0.
[[nodiscard]] expected<kv_header> read_kv_header(std::span<const std::byte> body);

/// Checks that a header says the same as the metadata and the byte count of its message. Metadata fields that a sender
/// left empty (num_layers 0, no tensor shape) say nothing. Fails with bad_kv_header.
[[nodiscard]] expected<void> check_kv(const kv_header& header, const metadata& meta, std::uint64_t body_bytes);

/// Fills in what metadata says about a KV payload: payload_type, dtype, num_layers, and tensor_shape
/// [num_layers, 2, num_kv_heads, seq_len, head_dim].
void describe_kv(const kv_header& header, metadata& meta);

} // namespace avp
