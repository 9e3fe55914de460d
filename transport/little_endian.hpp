// Reading and writing little-endian integers at any address.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace avp {

/// Reads an unsigned integer from the sizeof(T) bytes at `from`, which need not be aligned.
template <std::unsigned_integral T>
[[nodiscard]] T load_little_endian(const std::byte* from) {
  static_assert(std::endian::native == std::endian::little);
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Writes an unsigned integer to the sizeof(T) bytes at `to`, which need not be aligned.
template <std::unsigned_integral T>
void store_little_endian(T value, std::byte* to) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(to, &value, sizeof value);
}

} // namespace avp
