// The shape of a decoder-only transformer, as its file gives it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace avp {

/// Llama 3's scaling of rotary frequencies (config.json `rope_type` "llama3").
struct rope_scaling {
  double factor = 1;
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  std::int64_t original_max_positions = 8192;
};

/// Names follow config.json of transformers.
struct model_config {
  std::string family; ///< "llama" or "qwen2".
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
  double rope_theta = 10000;
  std::optional<rope_scaling> scaling;
  bool tied = false; ///< Input and output embeddings are one matrix (a GGUF may hold it twice, in two formats).
};

} // namespace avp
