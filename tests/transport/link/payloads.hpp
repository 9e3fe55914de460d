// Payloads for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "transport/memory_body.hpp"
#include "transport/payload.hpp"

namespace avp::test {

/// A payload with `size` bytes that depend on `number`, which its extra names.
inline payload numbered_payload(std::uint64_t number, std::size_t size) {
  auto bytes = std::make_shared<std::vector<std::byte>>(size);
  auto state = number * 0x9e3779b97f4a7c15u + 1;
  for (auto& byte : *bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<std::byte>(state >> 56);
  }
  metadata meta;
  meta.model_id = "m";
  meta.extra["n"] = std::to_string(number);
  return {meta, std::make_shared<memory_body>(*bytes, bytes)};
}

/// An address of this machine that no other test has.
inline std::string ipc_endpoint() {
  static int count = 0;
  return "ipc:///tmp/avp-test-" + std::to_string(getpid()) + "-" + std::to_string(++count);
}

inline std::uint64_t number_of(const payload& p) { return std::stoull(p.meta.extra.at("n")); }

inline std::vector<std::byte> bytes_of(const payload& p) {
  std::vector<std::byte> bytes(p.body->size());
  p.body->write(0, bytes);
  return bytes;
}

} // namespace avp::test
