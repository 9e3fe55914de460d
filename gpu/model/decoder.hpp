// The decoder of the llama and qwen2 families: embeddings, layers, logits and the latent step's soft embedding.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include <avp/gpu/cache/kv_cache.hpp>
#include <avp/gpu/model/model_file.hpp>

namespace avp {

/// A model's weights on a device, in one dtype, and the arithmetic on them. Holds no state of any sequence.
class decoder {
public:
  /// Loads all weights. Throws model_error when memory or the device fails.
  decoder(const model_file& file, at::ScalarType dtype, at::Device device);

  [[nodiscard]] const model_config& config() const { return config_; }
  [[nodiscard]] at::TensorOptions options() const { return embedding_.options(); }

  /// An empty cache for this model.
  [[nodiscard]] kv_cache make_cache(std::int64_t capacity) const;

  /// Input embeddings of tokens: [rows, hidden].
  [[nodiscard]] at::Tensor embed(std::span<const std::int32_t> tokens) const;

  /// Runs embeddings [rows, hidden] through all layers on top of the cache, which grows by `rows`.
  /// Returns the last row's hidden state after the last norm: [1, hidden].
  [[nodiscard]] at::Tensor forward(at::Tensor x, kv_cache& cache) const;

  /// Scores over the vocabulary in float32, on the device: [rows, vocab].
  [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;

  /// The next input of a latent step, from the last hidden state: [rows, hidden]. Tied models take the expected
  /// embedding softmax(h·Eᵀ)·E, untied ones the ridge realignment of LatentMAS (arXiv 2511.20639, section 3).
  [[nodiscard]] at::Tensor latent_input(const at::Tensor& hidden);

private:
  struct layer {
    at::Tensor input_norm;    // [hidden]
    at::Tensor qkv, qkv_bias; // [(heads + 2 kv_heads) * head_dim, hidden]
    at::Tensor output;        // [hidden, heads * head_dim]
    at::Tensor post_norm;     // [hidden]
    at::Tensor gate_up;       // [2 * intermediate, hidden]
    at::Tensor down;          // [hidden, intermediate]
  };

  void load_layers(const model_file& file, const at::TensorOptions& options);
  void make_rotary_tables();
  [[nodiscard]] at::Tensor norm(const at::Tensor& x, const at::Tensor& weight) const;
  [[nodiscard]] at::Tensor rotate(const at::Tensor& x, std::int64_t position) const;
  [[nodiscard]] at::Tensor attention(const layer& weights, std::int64_t index, const at::Tensor& x,
                                     const at::Tensor& mask, kv_cache& cache) const;
  [[nodiscard]] at::Tensor causal_mask(std::int64_t rows, std::int64_t past) const;
  void make_realignment();

  model_config config_;
  std::vector<layer> layers_;
  at::Tensor embedding_;   // [vocab, hidden]: tokens in
  at::Tensor unembedding_; // [vocab, hidden]: scores out; the same tensor as embedding_ where the file has one
  at::Tensor final_norm_;  // [hidden]
  at::Tensor cos_, sin_;   // [max_positions, head_dim], in the weights' type
  at::Tensor realignment_; // [hidden, hidden] float32, untied models only, made at the first latent step
  float mean_norm_ = 0;    // of the rows of embedding_, likewise
};

} // namespace avp
