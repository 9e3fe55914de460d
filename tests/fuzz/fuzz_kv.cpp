// Fuzz target: bytes as a KV payload, with metadata that follows its header or the bytes.
#include <cstdlib>

#include "transport/kv.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = std::as_bytes(std::span(data, size));
  const auto header = avp::read_kv_header(body);
  if (!header)
    return 0;
  avp::metadata meta;
  avp::describe_kv(*header, meta);
  const auto sound = avp::check_kv(*header, meta, size);
  const auto bytes = avp::kv_payload_bytes(*header);
  if (sound && (!bytes || *bytes != size))
    std::abort();
  meta.num_layers = data[size - 1];
  meta.tensor_shape.assign(data[size / 2] % 8, header->head_dim);
  (void)avp::check_kv(*header, meta, size);
  (void)avp::kv_tensor_bytes(*header);
  return 0;
}
