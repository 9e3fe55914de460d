// The shape of a decoder-only transformer, as its file gives it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace avp {

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
  double rope_theta = 10000;
  std::vector<float> rope_factors; ///< One for each rotated pair, by which its frequency is divided; empty: all 1.
  bool tied = false; ///< Input and output embeddings are one matrix (a GGUF may hold it twice, in two formats).
};

} // namespace avp
