// Reading, writing and checking the inner header of KV payloads.
#include "transport/kv.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "transport/little_endian.hpp"

namespace avp {

namespace {

/// The product of all factors, or nothing when it does not fit 64 bits.
std::optional<std::uint64_t> product(std::initializer_list<std::uint64_t> factors) {
  if (std::ranges::find(factors, 0u) != factors.end())
    return 0;
  std::uint64_t result = 1;
  for (const auto factor : factors) {
    if (__builtin_mul_overflow(result, factor, &result))
      return std::nullopt;
  }
  return result;
}

std::string describe(const kv_header& h) {
  return fmt::format("{} layers, {} heads, head dimension {}, {} tokens, element type {}", h.num_layers, h.num_kv_heads,
                     h.head_dim, h.seq_len, static_cast<int>(h.dtype));
}

std::vector<std::uint32_t> shape_of(const kv_header& h) {
  return {h.num_layers, 2, h.num_kv_heads, h.seq_len, h.head_dim};
}

} // namespace

std::uint64_t element_bytes(data_type dtype) {
  switch (dtype) {
  case data_type::float32:
    return 4;
  case data_type::float16:
  case data_type::bfloat16:
    return 2;
  case data_type::int8:
    return 1;
  }
  return 1;
}

expected<std::uint64_t> kv_tensor_bytes(const kv_header& h) {
  const auto bytes = product({h.num_kv_heads, h.seq_len, h.head_dim, element_bytes(h.dtype)});
  if (!bytes)
    return fail(errc::too_large, "KV payload: one tensor of " + describe(h) + " is over 2^64 bytes.");
  return *bytes;
}

expected<std::uint64_t> kv_payload_bytes(const kv_header& h) {
  const auto tensors = product({2, h.num_layers, h.num_kv_heads, h.seq_len, h.head_dim, element_bytes(h.dtype)});
  std::uint64_t total = 0;
  if (!tensors || __builtin_add_overflow(*tensors, kv_header_bytes, &total))
    return fail(errc::too_large, "KV payload: " + describe(h) + " are over 2^64 bytes.");
  return total;
}

void write_kv_header(const kv_header& h, std::span<std::byte, kv_header_bytes> out) {
  store_little_endian(h.num_layers, out.data());
  store_little_endian(h.num_kv_heads, out.data() + 4);
  store_little_endian(h.head_dim, out.data() + 8);
  store_little_endian(h.seq_len, out.data() + 12);
  out[16] = static_cast<std::byte>(h.dtype);
}

expected<kv_header> read_kv_header(std::span<const std::byte> body) {
  if (body.size() < kv_header_bytes)
    return fail(errc::bad_kv_header, fmt::format("KV payload: the inner header has {} bytes, but the body has only {}.",
                                                 kv_header_bytes, body.size()));
  kv_header h;
  h.num_layers = load_little_endian<std::uint32_t>(body.data());
  h.num_kv_heads = load_little_endian<std::uint32_t>(body.data() + 4);
  h.head_dim = load_little_endian<std::uint32_t>(body.data() + 8);
  h.seq_len = load_little_endian<std::uint32_t>(body.data() + 12);
  const auto dtype = std::to_integer<std::uint8_t>(body[16]);
  if (dtype > static_cast<std::uint8_t>(data_type::bfloat16))
    return fail(errc::bad_kv_header,
                fmt::format("KV payload: element type {} is none of float32 (0), float16 (1), bfloat16 (2).", dtype));
  h.dtype = static_cast<data_type>(dtype);
  if (h.num_layers == 0 || h.num_kv_heads == 0 || h.head_dim == 0)
    return fail(errc::bad_kv_header,
                "KV payload: layers, heads and head dimension must be at least 1, but the inner header says " +
                    describe(h) + ".");
  return h;
}

expected<void> check_kv(const kv_header& h, const metadata& meta, std::uint64_t body_bytes) {
  const auto promised = kv_payload_bytes(h);
  if (!promised)
    return fail(errc::bad_kv_header, promised.error().message);
  if (*promised != body_bytes)
    return fail(errc::bad_kv_header,
                fmt::format("KV payload: {} need {} bytes, but the body has {}.", describe(h), *promised, body_bytes));
  if (meta.payload_type != payload_type::kv_cache)
    return fail(errc::bad_kv_header, "KV payload: the metadata says that the message is no KV-cache.");
  if (meta.dtype != h.dtype)
    return fail(errc::bad_kv_header,
                fmt::format("KV payload: the inner header says element type {}, the metadata says {}.",
                            static_cast<int>(h.dtype), static_cast<int>(meta.dtype)));
  if (meta.num_layers != 0 && meta.num_layers != h.num_layers)
    return fail(errc::bad_kv_header, fmt::format("KV payload: the inner header says {} layers, the metadata says {}.",
                                                 h.num_layers, meta.num_layers));
  // A sender may group the axes as it likes; what has to agree is how many elements there are.
  std::uint64_t elements = 1;
  for (const auto extent : meta.tensor_shape)
    elements = product({elements, extent}).value_or(~std::uint64_t{0});
  if (!meta.tensor_shape.empty() && elements != (body_bytes - kv_header_bytes) / element_bytes(h.dtype))
    return fail(errc::bad_kv_header,
                fmt::format("KV payload: {} have another number of elements than the metadata's shape [{}].",
                            describe(h), fmt::join(meta.tensor_shape, ", ")));
  return {};
}

void describe_kv(const kv_header& h, metadata& meta) {
  meta.payload_type = payload_type::kv_cache;
  meta.dtype = h.dtype;
  meta.num_layers = h.num_layers;
  meta.tensor_shape = shape_of(h);
}

} // namespace avp
