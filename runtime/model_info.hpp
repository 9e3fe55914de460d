// What there is to know about a model file.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "gpu/model/model_file.hpp"

namespace avp {

/// Configuration, weights by type (count, bytes, share), tokenizer, chat template and digests of an open model.
[[nodiscard]] nlohmann::ordered_json model_info(const model_file& model);

/// The same as lines "key  value".
[[nodiscard]] std::string model_info_text(const nlohmann::ordered_json& info);

} // namespace avp
