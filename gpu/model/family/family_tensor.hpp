// One tensor of a family's files: its names, its shape, and which matrix of the decoder it belongs to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/model_config.hpp"

namespace avp {

/// What the decoder reads. Tensors of the same part are stacked in the order of the table. Norms of layers are there or
/// not: those before attention and the feed-forward network, those of what the two add to the residual stream, and
/// those of queries and keys before they are rotated.
enum class weight_part : std::uint8_t {
  embedding,
  final_norm,
  head,       ///< Scores over the vocabulary; the embedding in its place where both are one matrix.
  input_norm, ///< From here on once in every layer.
  qkv,
  query_norm,
  key_norm,
  attention_output,
  attention_norm, ///< Of what attention adds.
  feed_forward_input_norm,
  gate_up,
  down,
  feed_forward_norm, ///< Of what the feed-forward network adds.
};

/// Whether the part is there once in every layer.
[[nodiscard]] constexpr bool is_of_layer(weight_part part) { return part >= weight_part::input_norm; }

/// Whether the part is the weight of a norm.
[[nodiscard]] constexpr bool is_norm(weight_part part) {
  using enum weight_part;
  return part == final_norm || part == input_norm || part == query_norm || part == key_norm || part == attention_norm ||
         part == feed_forward_input_norm || part == feed_forward_norm;
}

/// The length of one side of a tensor.
enum class extent : std::uint8_t {
  none,                ///< A vector has no second side.
  hidden,              ///< hidden_size
  inner,               ///< intermediate_size
  gate_and_up,         ///< 2 · intermediate_size
  head,                ///< head_dim
  queries,             ///< num_heads · head_dim
  keys,                ///< num_kv_heads · head_dim, of keys and of values
  queries_keys_values, ///< (num_heads + 2 · num_kv_heads) · head_dim
  vocabulary,          ///< vocab_size
};

/// One row of a family's table.
struct family_tensor {
  weight_part part;
  std::string_view gguf;         ///< In GGUF, without "blk.N." and ".weight".
  std::string_view hugging_face; ///< In safetensors, without "model.layers.N." and ".weight".
  extent outputs;
  extent inputs = extent::none;
  bool rotated = false; ///< Whether rotary embedding turns its outputs.

  /// The name in GGUF with this end, ".weight" or ".bias"; `layer` counts only for parts of layers.
  [[nodiscard]] std::string gguf_name(std::int64_t layer, std::string_view end = ".weight") const;

  /// Likewise in safetensors, which is the name that model_file has.
  [[nodiscard]] std::string name(std::int64_t layer, std::string_view end = ".weight") const;

  /// [outputs, inputs], or [outputs] of a vector.
  [[nodiscard]] std::vector<std::int64_t> shape(const model_config& config) const;

  /// Whether a ".bias" of as many values as there are outputs lies beside it.
  [[nodiscard]] bool is_biased(const model_config& config) const;

  /// [outputs]
  [[nodiscard]] std::vector<std::int64_t> bias_shape(const model_config& config) const;
};

} // namespace avp
