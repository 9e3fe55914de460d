// Encoding and decoding of KV payloads against memcpy of the same bytes. One JSON object per line.
#include <cstdio>
#include <cstring>

#include "tests/bench/transport/measure.hpp"
#include "transport/message.hpp"

namespace {

void measure(std::uint32_t tokens) {
  using namespace avp;
  const auto content = bench::kv_payload(tokens);
  const auto bytes = encoded_size(content.meta, content.body->size());
  byte_buffer from(bytes);
  byte_buffer to(bytes);
  (void)encode_into(content, from.bytes());
  std::memcpy(to.data(), from.data(), bytes);
  const auto plain = *encode(content);
  const auto packed = *encode(content, compression::fast);
  const auto times =
      bench::medians({[&] { std::memcpy(to.data(), from.data(), bytes); },
                      [&] {
                        byte_buffer fresh(bytes);
                        std::memcpy(fresh.data(), from.data(), bytes);
                        asm volatile("" : : "r"(fresh.data()) : "memory"); // or the copy is left out
                      },
                      [&] { (void)encode_into(content, to.bytes()); }, [&] { (void)encode(content); },
                      [&] { (void)decode(plain.bytes()); }, [&] { (void)encode(content, compression::fast); },
                      [&] { (void)decode(packed.bytes()); }},
                     tokens > 1000 ? 15 : 101);
  std::printf("{\"tokens\": %u, \"bytes\": %lu, \"packed_bytes\": %lu, \"memcpy_s\": %.6f, \"memcpy_fresh_s\": %.6f, "
              "\"encode_into_s\": %.6f, \"encode_s\": %.6f, \"decode_s\": %.6f, \"encode_zstd_s\": %.6f, "
              "\"decode_zstd_s\": %.6f, \"encode_into_per_memcpy\": %.2f, \"encode_per_fresh_memcpy\": %.2f, "
              "\"decode_per_memcpy\": %.2f}\n",
              tokens, static_cast<unsigned long>(bytes), static_cast<unsigned long>(packed.size()), times[0], times[1],
              times[2], times[3], times[4], times[5], times[6], times[2] / times[0], times[3] / times[1],
              times[4] / times[0]);
}

} // namespace

int main() {
  measure(128);
  measure(2000);
}
