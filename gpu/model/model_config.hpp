// The shape of a decoder-only transformer, as its file gives it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace avp {

/// Rotary embedding (RoFormer, arXiv 2104.09864): pair i of d rotated values is turned by
/// position · theta^(-2i/d) / factor_i.
struct rope {
  double theta = 10000;
  std::vector<float> factors; ///< One for each rotated pair; empty: all 1.
  double magnitude = 1;       ///< By which rotated values are multiplied (YaRN, arXiv 2309.00071; LongRoPE).

  bool operator==(const rope&) const = default;
};

/// What the gate of a feed-forward network goes through.
enum class gate_activation : std::uint8_t {
  silu,
  gelu_tanh, ///< GELU by its approximation with tanh.
};

/// Names follow config.json of transformers.
struct model_config {
  std::string family; ///< Its model_type, as the table of a family has it: "llama".
  std::string name;   ///< What the file calls itself; its file name where it says nothing.
  std::int64_t num_layers = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_heads = 0;
  std::int64_t num_kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t vocab_size = 0;
  std::int64_t max_positions = 0; ///< Longest context in tokens.
  double rms_norm_eps = 1e-6;
  rope rotary;
  std::int64_t rotary_dim = 0;       ///< How many of a head's values are rotated, the first ones; 0: all.
  std::optional<rope> window_rotary; ///< Of layers with a window, where theirs is another one.
  std::int64_t window = 0;           ///< Positions that a row of such a layer sees, its own among them.
  std::vector<bool> windowed;        ///< Of each layer; empty: none.
  std::vector<bool> unrotated;       ///< Of each layer, whether it has no rotary embedding; empty: none.
  bool qkv_bias = false;             ///< Queries, keys and values have a bias.
  bool output_bias = false;          ///< So has what follows attention.
  bool feed_forward_bias = false;    ///< So have all matrices of the feed-forward network.
  gate_activation activation = gate_activation::silu;
  double attention_scale = 0; ///< Of scores; 0: 1/√head_dim.
  double embedding_scale = 1; ///< Of the rows that tokens become.
  double residual_scale = 1;  ///< Of what a layer adds to the residual stream.
  double logit_divisor = 1;   ///< Of the scores over the vocabulary.
  bool tied = false; ///< Input and output embeddings are one matrix (a GGUF may hold it twice, in two formats).

  /// How many of a head's values are rotated.
  [[nodiscard]] std::int64_t rotated() const { return rotary_dim > 0 ? rotary_dim : head_dim; }

  /// Positions that a row of a layer sees, its own among them; 0: all.
  [[nodiscard]] std::int64_t window_of(std::int64_t layer) const { return is(windowed, layer) ? window : 0; }

  /// The rotation of a layer; nothing for layers without one.
  [[nodiscard]] std::optional<rope> rope_of(std::int64_t layer) const {
    if (is(unrotated, layer))
      return std::nullopt;
    return is(windowed, layer) && window_rotary ? window_rotary : rotary;
  }

private:
  [[nodiscard]] static bool is(const std::vector<bool>& layers, std::int64_t layer) {
    return static_cast<std::size_t>(layer) < layers.size() && layers[static_cast<std::size_t>(layer)];
  }
};

} // namespace avp
