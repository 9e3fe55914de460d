// Fuzz target: bytes as an AVP message. What decodes must encode and decode again to the same.
#include <algorithm>
#include <cstdlib>

#include "transport/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  avp::decode_options options;
  options.max_body_bytes = 1 << 20;
  options.verify_checksum = size % 2 == 0; // mutations rarely hit a checksum, so half of the inputs need none
  const auto decoded = avp::decode(std::as_bytes(std::span(data, size)), options);
  if (!decoded)
    return 0;
  const auto again = avp::encode(decoded->meta, decoded->body);
  if (!again)
    std::abort();
  const auto back = avp::decode(again->bytes());
  if (!back || back->meta != decoded->meta || !std::ranges::equal(back->body, decoded->body) ||
      again->size() != avp::encoded_size(decoded->meta, decoded->body.size()))
    std::abort();
  return 0;
}
