// The decoder: embeddings, layers, logits and the latent step's soft embedding.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/cache/move_positions.hpp"
#include "gpu/device_config.hpp"
#include "gpu/kernels/layer_ops.hpp"
#include "gpu/model/family/family.hpp"
#include "gpu/model/linear.hpp"
#include "gpu/model/model_file.hpp"
#include "gpu/model/projector.hpp"
#include "gpu/model/vocabulary_table.hpp"

namespace avp {

/// What goes through the layers at once: rows of many sequences.
struct row_batch {
  at::Tensor x;                     ///< Input embeddings [rows, hidden] in float32.
  block_tables tables;              ///< Which sequence the rows belong to, and its blocks.
  std::vector<std::int64_t> wanted; ///< Rows whose final hidden state is asked for, ascending.
};

/// What came of a batch.
struct forward_result {
  at::Tensor hidden; ///< The wanted rows' states after the last norm: [wanted, hidden] in float32.
  /// For each row of the batch the first layer whose queries, keys or values were not finite; the number of layers
  /// where only the state after the last norm was not; -1 where all were.
  std::vector<std::int64_t> broken_in;
};

/// A model's weights on a device and the arithmetic on them. Holds no state of any sequence. What a row comes to
/// depends on its own sequence, not on the rest of its batch.
class decoder {
public:
  /// Loads all weights. Throws model_error when memory or the device fails, or the format does not fit.
  decoder(const model_file& file, const model_spec& spec, at::Device device);

  [[nodiscard]] const model_config& config() const { return config_; }
  [[nodiscard]] at::Device device() const { return device_; }

  /// What a block of the KV-cache holds for this model.
  [[nodiscard]] block_shape cache_shape() const;

  /// What moves keys of the cache by a number of positions, forward or back.
  [[nodiscard]] rotation rotation_by(std::int64_t positions) const;

  /// Input embeddings of tokens: [tokens, hidden] in float32.
  [[nodiscard]] at::Tensor embed(std::span<const std::int32_t> tokens) const;

  /// Runs rows through all layers; their keys and values go into their blocks, whatever they are.
  [[nodiscard]] forward_result forward(row_batch batch, block_pool& pool) const;

  /// Scores over the vocabulary of hidden states [rows, hidden]: [rows, vocab] in float32.
  [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;

  /// The next inputs of latent steps, from hidden states [rows, hidden]: [rows, hidden] in float32. Tied models take
  /// the expected embedding under the distribution of their own logits, softmax(h·Eᵀ)·E; untied ones the ridge
  /// realignment of LatentMAS (arXiv 2511.20639, section 3). Both are scaled as the embeddings of tokens are. `scores`,
  /// where given, gets the logits that the distribution was made of, [rows, vocab]; untied models make none.
  [[nodiscard]] at::Tensor latent_input(const at::Tensor& hidden, at::Tensor* scores = nullptr);

  /// Makes inputs of this model of what others would say. It reads the whole input table and refers to it.
  [[nodiscard]] projector projector_onto() const {
    return {*embedding_, config_.vocab_size, embedding_scale_, device_};
  }

private:
  // Norms are [hidden] in float32, and not defined where the family has none there.
  struct layer {
    std::size_t angles = 0; // which of angles_
    attention_shape shape;
    at::Tensor input_norm;
    std::unique_ptr<linear> qkv;     // [(heads + 2 kv_heads) * head_dim, hidden]
    at::Tensor query_norm, key_norm; // [head_dim], or as wide as all of them
    std::unique_ptr<linear> output;  // [hidden, heads * head_dim]
    at::Tensor attention_norm;
    at::Tensor feed_forward_input_norm;
    std::unique_ptr<linear> gate_up; // [2 * intermediate, hidden]
    std::unique_ptr<linear> down;    // [hidden, intermediate]
    at::Tensor feed_forward_norm;
  };

  // Of all positions, for the layers that are rotated alike.
  struct angle_table {
    std::optional<rope> rotation;
    at::Tensor frequencies; // [rotated pairs] float64, radians a position
    at::Tensor cos, sin;    // [max_positions, rotated pairs] float32
  };

  void load_layers(const model_file& file, linear_loader& linears);
  void load_vocabulary(const model_file& file, const model_spec& spec, linear_loader& linears);
  void make_rotary_tables();
  [[nodiscard]] at::Tensor frequencies_of(const std::optional<rope>& rotation) const;
  void make_realignment();
  [[nodiscard]] attention_shape shape_of(std::int64_t number) const;
  void norm_queries_and_keys(const layer& weights, at::Tensor& qkv) const;
  [[nodiscard]] at::Tensor normed(at::Tensor& x, const at::Tensor& change, const at::Tensor& weight) const;
  [[nodiscard]] at::Tensor added(at::Tensor made, const at::Tensor& norm) const;
  [[nodiscard]] at::Tensor divided(at::Tensor scores) const;
  [[nodiscard]] at::Tensor piece_of_unembedding(std::int64_t begin, std::int64_t count) const;

  model_config config_;
  const family& family_;
  at::Device device_;
  at::ScalarType activations_;
  at::ScalarType cache_dtype_;
  double embedding_scale_;
  std::vector<layer> layers_;
  std::unique_ptr<vocabulary_table> embedding_;   // tokens in
  std::unique_ptr<vocabulary_table> unembedding_; // scores out, where the file has another table for them
  std::unique_ptr<linear> head_;                  // scores out, where the format quantises them
  at::Tensor final_norm_;                         // [hidden] float32
  std::vector<angle_table> angles_;
  at::Tensor realignment_; // [hidden, hidden] float32, untied models only, made at the first latent step
  float mean_norm_ = 0;    // of the rows of the input table, likewise
};

} // namespace avp
