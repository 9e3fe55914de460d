// Phi-3 and Phi-4-mini: Llama with queries, keys and values in one matrix, likewise gate and up, and a rotation of a
// part of each head.
#include "gpu/model/architecture_keys.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/layer_types.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

namespace {

std::vector<family_tensor> phi3_tensors() {
  using enum weight_part;
  auto tensors = without(plain_tensors(), {qkv, gate_up});
  tensors.push_back({qkv, "attn_qkv", "self_attn.qkv_proj", extent::queries_keys_values, extent::hidden});
  tensors.push_back({gate_up, "ffn_up", "mlp.gate_up_proj", extent::gate_and_up, extent::hidden});
  return tensors;
}

void read_phi3(const config_reader& keys, model_config& config) { read_window_of_all_layers(keys, 0, config); }

void read_gguf_phi3(const architecture_keys& keys, model_config& config) {
  config.window = keys.integer("attention.sliding_window", 0);
  if (config.window < 0)
    keys.refuse("attention.sliding_window", std::to_string(config.window), "expected 0 or more");
  if (config.window > 0)
    config.windowed.assign(static_cast<std::size_t>(config.num_layers), true);
}

} // namespace

family phi3_family() {
  return {.architecture = "phi3",
          .model_type = "phi3",
          .tensors = phi3_tensors(),
          .partial_rotary = true,
          .defaults = {.rms_norm_eps = 1e-5},
          .read_json = read_phi3,
          .read_gguf = read_gguf_phi3};
}

} // namespace avp
