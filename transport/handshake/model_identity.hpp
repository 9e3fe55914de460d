// Who a model is, as agents tell each other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "transport/error.hpp"

namespace avp {

/// Identity of a model in a handshake. Empty texts and zeros mean that it is not known.
struct model_identity {
  std::string model_family;       ///< Architecture, such as "llama".
  std::string model_id;           ///< Name of the model.
  std::string model_hash;         ///< See model_hash().
  std::uint32_t hidden_dim = 0;   ///< Width of a hidden state.
  std::uint32_t num_layers = 0;   ///< Decoder layers.
  std::uint32_t num_kv_heads = 0; ///< Key and value heads.
  std::uint32_t head_dim = 0;     ///< Width of one head.
  std::string tokenizer_hash;     ///< See tokenizer_hash().

  bool operator==(const model_identity&) const = default;
};

/// Reads the identity from a model's config.json: family from model_type, name from _name_or_path, counts from the
/// usual keys or those of GPT-2; head_dim falls back to width over heads, num_kv_heads to the number of heads. Fails
/// with bad_json.
[[nodiscard]] expected<model_identity> identity_from_config(std::string_view config_json,
                                                            std::string tokenizer_hash = {});

/// Reads an identity from the JSON object in which a handshake carries it. Missing fields stay empty. Fails with
/// bad_json when a field has the wrong type.
[[nodiscard]] expected<model_identity> read_identity(std::string_view json);

/// Writes an identity as such a JSON object; tokenizer_hash only when it is known.
[[nodiscard]] std::string to_json(const model_identity& identity);

} // namespace avp
