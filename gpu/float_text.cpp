// Base64 as OpenSSL writes and reads it.
#include "gpu/float_text.hpp"

#include <bit>
#include <cstring>

#include <openssl/evp.h>

namespace avp {

static_assert(std::endian::native == std::endian::little);

std::string base64_of(std::span<const float> values) {
  std::string text((values.size_bytes() + 2) / 3 * 4 + 1, '\0'); // one more for the zero that OpenSSL writes
  const auto length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(values.data()), static_cast<int>(values.size_bytes()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::vector<float>> floats_of_base64(std::string_view text, std::size_t count) {
  const auto bytes = count * sizeof(float);
  if (bytes == 0 || text.size() != (bytes + 2) / 3 * 4)
    return std::nullopt;
  std::string decoded(text.size() / 4 * 3, '\0');
  const auto length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length != static_cast<int>(decoded.size()))
    return std::nullopt;
  std::vector<float> values(count);
  std::memcpy(values.data(), decoded.data(), bytes);
  return values;
}

} // namespace avp
