// The decoder of the llama and qwen2 families: embeddings, layers, logits and the latent step's soft embedding.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include <avp/gpu/cache/block_pool.hpp>
#include <avp/gpu/cache/move_positions.hpp>
#include <avp/gpu/device_config.hpp>
#include <avp/gpu/kernels/layer_ops.hpp>
#include <avp/gpu/model/linear.hpp>
#include <avp/gpu/model/model_file.hpp>
#include <avp/gpu/model/vocabulary_table.hpp>

namespace avp {

/// What goes through the layers at once: rows of many sequences.
struct row_batch {
  at::Tensor x;                     ///< Input embeddings [rows, hidden] in float32.
  std::vector<row_group> groups;    ///< Which sequence the rows belong to; they cover all rows in order.
  std::vector<std::int64_t> wanted; ///< Rows whose final hidden state is asked for, ascending.
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
  [[nodiscard]] at::Tensor embed(std::span<const std::int32_t> tokens) const { return embedding_->rows(tokens); }

  /// Runs rows through all layers; their keys and values go into their blocks. Returns the wanted rows' hidden states
  /// after the last norm: [wanted, hidden] in float32.
  [[nodiscard]] at::Tensor forward(row_batch batch, block_pool& pool) const;

  /// Scores over the vocabulary of hidden states [rows, hidden]: [rows, vocab] in float32.
  [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;

  /// The next inputs of latent steps, from hidden states [rows, hidden]: [rows, hidden] in float32. Tied models take
  /// the expected embedding softmax(h·Eᵀ)·E, untied ones the ridge realignment of LatentMAS (arXiv 2511.20639,
  /// section 3).
  [[nodiscard]] at::Tensor latent_input(const at::Tensor& hidden);

private:
  struct layer {
    at::Tensor input_norm;           // [hidden] float32
    std::unique_ptr<linear> qkv;     // [(heads + 2 kv_heads) * head_dim, hidden]
    std::unique_ptr<linear> output;  // [hidden, heads * head_dim]
    at::Tensor post_norm;            // [hidden] float32
    std::unique_ptr<linear> gate_up; // [2 * intermediate, hidden]
    std::unique_ptr<linear> down;    // [hidden, intermediate]
  };

  void load_layers(const model_file& file, linear_loader& linears);
  void load_vocabulary(const model_file& file, const model_spec& spec, linear_loader& linears);
  void make_rotary_tables();
  void make_realignment();
  [[nodiscard]] at::Tensor piece_of_unembedding(std::int64_t begin, std::int64_t count) const;

  model_config config_;
  at::Device device_;
  at::ScalarType activations_;
  at::ScalarType cache_dtype_;
  std::vector<layer> layers_;
  std::unique_ptr<vocabulary_table> embedding_;   // tokens in
  std::unique_ptr<vocabulary_table> unembedding_; // scores out, where the file has another table for them
  std::unique_ptr<linear> head_;                  // scores out, where the format quantises them
  at::Tensor final_norm_;                         // [hidden] float32
  at::Tensor frequencies_;                        // [head_dim / 2] float64, radians a position
  at::Tensor cos_, sin_;                          // [max_positions, head_dim / 2] float32
  at::Tensor realignment_; // [hidden, hidden] float32, untied models only, made at the first latent step
  float mean_norm_ = 0;    // of the rows of the input table, likewise
};

} // namespace avp
