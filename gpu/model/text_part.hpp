// The text model inside a Hugging Face model that also reads images.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "gpu/model/tensor_type.hpp"

namespace avp {

/// The "text_config" of Gemma 3's models that see, "model_type" "gemma3"; else nullptr.
[[nodiscard]] const nlohmann::json* text_config_of(const nlohmann::json& config);

/// Whether a tensor of such a model belongs to its text model.
[[nodiscard]] bool is_of_text(const std::string& name);

/// What a tensor of the text model is called where there is no other: "model.layers.0.mlp.up_proj.weight".
[[nodiscard]] std::string name_in_text(const std::string& name);

/// Keeps the tensors of the text model, under these names.
template <class Tensor>
void keep_text(std::map<std::string, Tensor>& tensors) {
  std::map<std::string, Tensor> kept;
  for (auto& [name, tensor] : tensors)
    if (is_of_text(name))
      kept.emplace(name_in_text(name), std::move(tensor));
  tensors = std::move(kept);
}

} // namespace avp
