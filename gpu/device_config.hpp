// What a device is to hold.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <avp/transport/metadata.hpp>

namespace avp {

class device_observer;

/// How a device keeps a model's weights.
enum class weight_format : std::uint8_t {
  float32,
  bfloat16,
  native, ///< The blocks of a GGUF as they are; other tensors in bfloat16.
  int8,   ///< Quantised at load time: one scale per output row.
  int4,   ///< Quantised at load time: scale and zero per 32 inputs.
};

/// A model that a device loads, under the name by which requests know it.
struct model_spec {
  std::string name;
  std::string source; ///< Catalogue name, path of a .gguf, or a Hugging Face directory.
  /// Unless set, native for a GGUF with quantised blocks on a CPU, else bfloat16.
  std::optional<weight_format> format;
  /// Of the KV-cache: float32 or bfloat16. Unless set, float32 for float32 weights, else bfloat16.
  std::optional<data_type> kv_dtype;
  bool layercast = false;    ///< Arithmetic in float32 on weights that are kept in bfloat16.
  std::string chat_template; ///< Family by name; empty: recognised from the model's own template.
  std::string model_hash;    ///< AVP model_hash to use in place of the computed one; empty: computed.

  /// Type of the KV-cache, chosen or not.
  [[nodiscard]] data_type cache_dtype() const {
    return kv_dtype.value_or(format == weight_format::float32 ? data_type::float32 : data_type::bfloat16);
  }

  /// Whether both would load the same thing, whatever it is called.
  [[nodiscard]] bool same_weights(const model_spec& other) const {
    return source == other.source && format == other.format && cache_dtype() == other.cache_dtype() &&
           layercast == other.layercast && chat_template == other.chat_template && model_hash == other.model_hash;
  }
};

/// A device and its models.
struct device_config {
  std::string device = "cpu"; ///< "cpu" or "cuda:N".
  std::optional<int> threads; ///< Arithmetic threads; the machine's cores unless set.
  std::vector<model_spec> models;
  std::optional<std::int64_t> kv_memory;     ///< Bytes for all KV-cache blocks; a share of the free memory unless set.
  bool prefix_sharing = true;                ///< Whether prompts that begin alike share blocks.
  std::shared_ptr<device_observer> observer; ///< May be empty.
};

} // namespace avp
