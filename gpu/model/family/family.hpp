// What distinguishes one family of decoder models from another.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/family/family_tensor.hpp"
#include "gpu/model/model_config.hpp"

namespace avp {

class architecture_keys;
class config_reader;

/// A family as naming, checking and loading read it. What they do not find here is the same for all families.
struct family {
  std::string_view architecture; ///< In GGUF: "general.architecture"; empty where GGUF counts it to another family.
  std::string_view model_type;   ///< In config.json; also what messages and identities call it.
  std::vector<family_tensor> tensors;
  bool interleaved_in_gguf = false; ///< llama.cpp's converter reorders rotated outputs: pairs lie side by side.
  bool norms_add_one = false;       ///< In safetensors norms multiply by 1 + weight; a GGUF holds the sums.
  bool optional_biases = false;     ///< Matrices may have biases, which a GGUF shows by having them.
  bool partial_rotary = false;      ///< Files may say that only the first values of a head are rotated.
  std::string_view activation_key = "hidden_act"; ///< What config.json calls the activation of the gate.
  model_config defaults;                          ///< What files mean that say nothing else.
  /// Reads what else config.json says of the family, once everything but the rotations is there; may be null.
  void (*read_json)(const config_reader& keys, model_config& config) = nullptr;
  /// Likewise of a GGUF.
  void (*read_gguf)(const architecture_keys& keys, model_config& config) = nullptr;

  /// The rows of a part, in the order in which they are stacked.
  [[nodiscard]] std::vector<family_tensor> rows_of(weight_part part) const;

  /// The names, as model_file has them, of the weights of a part.
  [[nodiscard]] std::vector<std::string> names_of(weight_part part, std::int64_t layer = 0) const;

  /// The only one of them. Throws std::logic_error where there are several or none.
  [[nodiscard]] std::string name_of(weight_part part, std::int64_t layer = 0) const;

  /// The name that model_file has for a tensor of a GGUF file. A name that means nothing to the family keeps its end.
  [[nodiscard]] std::string renamed(std::string_view gguf_name) const;

  /// Whether the tensor that model_file has under this name is turned by rotary embedding.
  [[nodiscard]] bool is_rotated(std::string_view name) const;
};

} // namespace avp
