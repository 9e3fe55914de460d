// SHA-256 by OpenSSL.
#include "transport/sha256.hpp"

#include <iterator>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace avp {

std::array<unsigned char, 32> sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

std::string sha256_hex(std::string_view bytes) {
  std::string hex;
  for (const auto byte : sha256(bytes))
    fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

} // namespace avp
