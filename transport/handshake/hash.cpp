// Hashes of models and tokenizers over Python's canonical JSON.
#include "transport/handshake/hash.hpp"

#include <fmt/format.h>

#include "transport/handshake/json_text.hpp"
#include "transport/utf8.hpp"

namespace avp {

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
