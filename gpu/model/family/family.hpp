// What distinguishes one family of decoder models from another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/family/family_tensor.hpp"
#include "gpu/model/family/rope.hpp"
#include "gpu/model/model_config.hpp"

namespace avp {

/// A family as naming, checking and loading read it. What they do not find here is the same for all families.
struct family {
  std::string_view architecture; ///< In GGUF: "general.architecture".
  std::string_view model_type;   ///< In config.json; also what messages and identities call it.
  std::vector<family_tensor> tensors;
  /// Whether llama.cpp's converter reorders the outputs of what is rotated, so that the pairs lie side by side.
  bool interleaved_in_gguf = false;
  /// The rotation of a layer; nothing for layers without one.
  std::optional<rope> (*rope_of)(const model_config& config, std::int64_t layer) = configured_rope;

  /// What the configuration says of all layers.
  [[nodiscard]] static std::optional<rope> configured_rope(const model_config& config, std::int64_t layer);

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
