// Gemma 3, its text model: norms before and after attention and feed-forward network, norms of queries and keys, scaled
// embeddings, and two rotations: most layers see a window only and have one of their own.
#include <cmath>

#include "gpu/model/architecture_keys.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/layer_types.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

namespace {

constexpr std::int64_t full_attention_step = 6; // Each sixth layer sees everything.

std::vector<family_tensor> gemma3_tensors() {
  using enum weight_part;
  auto tensors = with_head_norms(without(plain_tensors(), {feed_forward_input_norm}));
  tensors.push_back({attention_norm, "post_attention_norm", "post_attention_layernorm", extent::hidden});
  tensors.push_back({feed_forward_input_norm, "ffn_norm", "pre_feedforward_layernorm", extent::hidden});
  tensors.push_back({feed_forward_norm, "post_ffw_norm", "post_feedforward_layernorm", extent::hidden});
  return tensors;
}

void scale_embeddings(model_config& config) {
  config.embedding_scale = std::sqrt(static_cast<double>(config.hidden_size));
}

void read_gemma3(const config_reader& keys, model_config& config) {
  for (const auto* key : {"attn_logit_softcapping", "final_logit_softcapping"})
    if (keys.find(key) != nullptr)
      keys.fail(key, "is there; scores that are capped are not supported");
  if (keys.boolean("use_bidirectional_attention"))
    keys.fail("use_bidirectional_attention", "is true; only causal attention is supported");
  scale_embeddings(config);
  const auto scalar = keys.number("query_pre_attn_scalar").value_or(256);
  if (!(scalar > 0 && std::isfinite(scalar)))
    keys.fail("query_pre_attn_scalar", "is " + std::to_string(scalar) + ", expected a positive number");
  config.attention_scale = 1 / std::sqrt(scalar);
  const auto step = keys.integer("sliding_window_pattern").value_or(full_attention_step);
  if (step < 1)
    keys.fail("sliding_window_pattern", "is " + std::to_string(step) + ", expected 1 or more");
  const auto window = sliding_window(keys, 4096);
  set_windows(keys, window.value_or(config.max_positions),
              layer_types(keys, config.num_layers).value_or(all_but_each(step, config.num_layers)), config);
}

// As llama.cpp (llama_model_gemma3::load_arch_hparams) reads it. The model of 62 layers, 27b, is the one whose scores
// are not divided by the root of the size of a head.
void read_gguf_gemma3(const architecture_keys& keys, model_config& config) {
  keys.must_be_number("final_logit_softcapping", 0, "scores that are capped are not supported");
  keys.must_be_number("attn_logit_softcapping", 0, "scores that are capped are not supported");
  scale_embeddings(config);
  if (config.num_layers == 62)
    config.attention_scale = 1 / std::sqrt(static_cast<double>(config.hidden_size / config.num_heads));
  config.window = keys.required("attention.sliding_window");
  if (config.window < 1)
    keys.refuse("attention.sliding_window", std::to_string(config.window), "expected 1 or more");
  const auto step = keys.integer("attention.sliding_window_pattern", full_attention_step);
  if (step < 1)
    keys.refuse("attention.sliding_window_pattern", std::to_string(step), "expected 1 or more");
  config.windowed = all_but_each(step, config.num_layers);
}

} // namespace

family gemma3_family() {
  return {.architecture = "gemma3",
          .model_type = "gemma3_text",
          .tensors = gemma3_tensors(),
          .norms_add_one = true,
          .optional_biases = true,
          .activation_key = "hidden_activation",
          .defaults = {.num_heads = 8,
                       .num_kv_heads = 4,
                       .head_dim = 256,
                       .vocab_size = 262208,
                       .max_positions = 131072,
                       .rotary = {.theta = 1e6},
                       .window_rotary = rope{.theta = 1e4},
                       .activation = gate_activation::gelu_tanh,
                       .tied = true},
          .read_json = read_gemma3,
          .read_gguf = read_gguf_gemma3};
}

} // namespace avp
