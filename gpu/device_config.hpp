// What a device is to hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <avp/transport/metadata.hpp>

namespace avp {

/// A model that a device loads, under the name by which requests know it.
struct model_spec {
  std::string name;
  std::string source;                    ///< Catalogue name, path of a .gguf, or a Hugging Face directory.
  data_type dtype = data_type::bfloat16; ///< float32 or bfloat16.
  std::string chat_template;             ///< Family by name; empty: recognised from the model's own template.
  std::string model_hash;                ///< AVP model_hash to use in place of the computed one; empty: computed.

  /// Whether both would load the same thing, whatever it is called.
  [[nodiscard]] bool same_weights(const model_spec& other) const {
    return source == other.source && dtype == other.dtype && chat_template == other.chat_template &&
           model_hash == other.model_hash;
  }
};

/// A device and its models.
struct device_config {
  std::string device = "cpu"; ///< "cpu" or "cuda:N".
  std::optional<int> threads; ///< Arithmetic threads; the machine's cores unless set.
  std::vector<model_spec> models;
};

} // namespace avp
