// EXAONE 4: norms of what attention and feed-forward network add, and of each head's queries and keys. In the large one
// three of four layers see a window, and the fourth has no rotary embedding.
#include "gpu/model/architecture_keys.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/layer_types.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

namespace {

constexpr std::int64_t unrotated_step = 4;

std::vector<family_tensor> exaone4_tensors() {
  using enum weight_part;
  auto tensors = with_head_norms(without(plain_tensors(), {input_norm, feed_forward_input_norm}));
  tensors.push_back({attention_norm, "post_attention_norm", "post_attention_layernorm", extent::hidden});
  tensors.push_back({feed_forward_norm, "post_ffw_norm", "post_feedforward_layernorm", extent::hidden});
  return tensors;
}

void leave_others_unrotated(model_config& config) {
  config.unrotated = config.windowed;
  config.unrotated.flip();
}

void read_exaone4(const config_reader& keys, model_config& config) {
  const auto types = layer_types(keys, config.num_layers);
  const auto window = sliding_window(keys, 4096);
  if (!window)
    return;
  const auto step = types ? unrotated_step : keys.integer("sliding_window_pattern").value_or(unrotated_step);
  if (step < 1)
    keys.fail("sliding_window_pattern", "is " + std::to_string(step) + ", expected 1 or more");
  set_windows(keys, *window, types.value_or(all_but_each(step, config.num_layers)), config);
  leave_others_unrotated(config);
}

void read_gguf_exaone4(const architecture_keys& keys, model_config& config) {
  config.window = keys.integer("attention.sliding_window", 0);
  if (config.window == 0)
    return;
  const auto name = keys.key("attention.sliding_window_pattern");
  config.windowed = keys.file().booleans(name).value_or(all_but_each(unrotated_step, config.num_layers));
  if (config.window < 1 || static_cast<std::int64_t>(config.windowed.size()) != config.num_layers)
    keys.refuse("attention.sliding_window", std::to_string(config.window),
                "expected 1 or more, and in sliding_window_pattern a truth for each layer");
  leave_others_unrotated(config);
}

} // namespace

family exaone4_family() {
  return {.architecture = "exaone4",
          .model_type = "exaone4",
          .tensors = exaone4_tensors(),
          .defaults = {.num_kv_heads = 32, .max_positions = 2048, .rms_norm_eps = 1e-5},
          .read_json = read_exaone4,
          .read_gguf = read_gguf_exaone4};
}

} // namespace avp
