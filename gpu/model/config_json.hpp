// config.json of transformers: reading, checking, hashing.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "gpu/model/model_config.hpp"

namespace avp {

/// Reads config.json of transformers (versions 4 and 5). `where` names the file in messages. Throws model_error on a
/// family or a feature that the decoder does not have, and on missing, wrong or absurd numbers.
[[nodiscard]] model_config config_from_json(const nlohmann::json& config, const std::string& where);

/// The same of a model that may read images, too: its "text_config". Throws likewise where its weights are quantised.
[[nodiscard]] model_config text_config_from_json(const nlohmann::json& config, const std::string& where);

/// Throws model_error where a config.json says that weights are quantised in a way of its own. A model that also reads
/// images says it outside of its "text_config".
void refuse_quantized(const nlohmann::json& config, const std::string& where);

/// The fields of `config` as a config.json would have them, without its name.
[[nodiscard]] nlohmann::json config_json(const model_config& config);

/// Throws model_error when the numbers can't be those of a transformer (zero, negative, absurd, or heads that don't
/// divide).
void check_config(const model_config& config, const std::string& where);

} // namespace avp
