// One tensor of a family's files: its names, its shape, and which matrix of the decoder it belongs to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/model_config.hpp"

namespace avp {

/// What the decoder reads. Tensors of the same part are stacked in the order of the table.
enum class weight_part : std::uint8_t {
  embedding,
  final_norm,
  head,       ///< Scores over the vocabulary; the embedding in its place where both are one matrix.
  input_norm, ///< From here on once in every layer.
  qkv,
  attention_output,
  post_norm,
  gate_up,
  down,
};

/// Whether the part is there once in every layer.
[[nodiscard]] constexpr bool is_of_layer(weight_part part) { return part >= weight_part::input_norm; }

/// The length of one side of a tensor.
enum class extent : std::uint8_t {
  none,       ///< A vector has no second side.
  hidden,     ///< hidden_size
  inner,      ///< intermediate_size
  queries,    ///< num_heads · head_dim
  keys,       ///< num_kv_heads · head_dim, of keys and of values
  vocabulary, ///< vocab_size
};

/// One row of a family's table.
struct family_tensor {
  weight_part part;
  std::string_view gguf;         ///< In GGUF, without "blk.N." and ".weight".
  std::string_view hugging_face; ///< In safetensors, without "model.layers.N." and ".weight".
  extent outputs;
  extent inputs = extent::none;
  bool rotated = false; ///< Whether rotary embedding turns its outputs.
  bool biased = false;  ///< Whether a ".bias" of as many values as there are outputs lies beside it.

  /// The name in GGUF with this end, ".weight" or ".bias"; `layer` counts only for parts of layers.
  [[nodiscard]] std::string gguf_name(std::int64_t layer, std::string_view end = ".weight") const;

  /// Likewise in safetensors, which is the name that model_file has.
  [[nodiscard]] std::string name(std::int64_t layer, std::string_view end = ".weight") const;

  /// [outputs, inputs], or [outputs] of a vector.
  [[nodiscard]] std::vector<std::int64_t> shape(const model_config& config) const;

  /// [outputs]
  [[nodiscard]] std::vector<std::int64_t> bias_shape(const model_config& config) const;
};

} // namespace avp
