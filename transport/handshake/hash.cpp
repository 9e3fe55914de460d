// Hashes of models and tokenizers over Python's canonical JSON.
#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <avp/transport/handshake/hash.hpp>
#include <avp/transport/handshake/json_text.hpp>
#include <avp/transport/utf8.hpp>

namespace avp {

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i)
    fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

expected<std::string> model_hash(std::string_view config_json) {
  const auto config = parse_json(config_json, "Model configuration");
  if (!config)
    return tl::unexpected(config.error());
  if (!config->is_object())
    return fail(errc::bad_json,
                fmt::format("Model configuration: a JSON object is expected, not {}.", config->type_name()));
  return sha256_hex(python_json(*config));
}

expected<std::string> tokenizer_hash(const std::map<std::string, std::int64_t>& vocabulary) {
  auto pairs = nlohmann::json::array();
  for (const auto& [token, id] : vocabulary) {
    if (!is_utf8(token))
      return fail(errc::bad_json, fmt::format("Vocabulary: token {} is not UTF-8 text.", id));
    pairs.push_back(nlohmann::json::array({token, id}));
  }
  return sha256_hex(python_json(pairs));
}

expected<std::string> tokenizer_hash(std::string_view vocabulary_json) {
  const auto vocabulary = parse_json(vocabulary_json, "Vocabulary");
  if (!vocabulary)
    return tl::unexpected(vocabulary.error());
  if (!vocabulary->is_object())
    return fail(errc::bad_json, fmt::format("Vocabulary: a JSON object from token to id is expected, not {}.",
                                            vocabulary->type_name()));
  std::map<std::string, std::int64_t> pairs;
  for (const auto& [token, id] : vocabulary->items()) {
    if (!id.is_number_integer())
      return fail(errc::bad_json,
                  fmt::format("Vocabulary: the id of token \"{}\" must be an integer, not {}.", token, id.type_name()));
    pairs.emplace(token, id.get<std::int64_t>());
  }
  return tokenizer_hash(pairs);
}

} // namespace avp
