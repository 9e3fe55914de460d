// The hashes by which agents know each other's models.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "transport/error.hpp"
#include "transport/sha256.hpp"

namespace avp {

/// Hash of a model's configuration: SHA-256 of its canonical JSON, the same number that the Python SDK computes from
/// the same values. Fails with bad_json when the text is not one JSON object.
[[nodiscard]] expected<std::string> model_hash(std::string_view config_json);

/// Hash of a vocabulary: SHA-256 of the JSON list of [token, id] pairs sorted by token. Tokens as the tokenizer's file
/// writes them, in UTF-8. Fails with bad_json when one is not.
[[nodiscard]] expected<std::string> tokenizer_hash(const std::map<std::string, std::int64_t>& vocabulary);

/// The same for a vocabulary that is a JSON object from token to id.
[[nodiscard]] expected<std::string> tokenizer_hash(std::string_view vocabulary_json);

} // namespace avp
