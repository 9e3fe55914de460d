// SHA-256 by libcrypto.
#include <avp/gpu/sha256.hpp>

#include <array>

#include <openssl/sha.h>

namespace avp {

namespace {

std::array<unsigned char, SHA256_DIGEST_LENGTH> digest(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data());
  return out;
}

} // namespace

std::string sha256_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned char byte : digest(bytes)) {
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

std::uint64_t sha256_seed(std::string_view bytes) {
  auto hash = digest(bytes);
  std::uint64_t seed = 0;
  for (int i = 0; i < 8; ++i)
    seed = seed << 8U | hash[i];
  return seed;
}

} // namespace avp
