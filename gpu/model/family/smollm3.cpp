// SmolLM3: Llama with layers that have no rotary embedding, each fourth one unless said.
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/layer_types.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

namespace {

constexpr std::int64_t rope_interval = 4;

// Those that all_but_each() leaves out.
std::vector<bool> each_layer(std::int64_t step, std::int64_t layers) {
  auto chosen = all_but_each(step, layers);
  chosen.flip();
  return chosen;
}

// "no_rope_layers" has a 1 for each layer that does have rotary embedding.
void read_smollm3(const config_reader& keys, model_config& config) {
  const auto interval = keys.integer("no_rope_layer_interval").value_or(rope_interval);
  if (interval < 1)
    keys.fail("no_rope_layer_interval", "is " + std::to_string(interval) + ", expected 1 or more");
  config.unrotated = each_layer(interval, config.num_layers);
  if (const auto rotated = keys.numbers("no_rope_layers")) {
    if (static_cast<std::int64_t>(rotated->size()) != config.num_layers)
      keys.fail("no_rope_layers",
                "names " + std::to_string(rotated->size()) + " layers of " + std::to_string(config.num_layers));
    for (std::size_t layer = 0; layer < rotated->size(); ++layer)
      config.unrotated[layer] = (*rotated)[layer] == 0;
  }
  const auto types = layer_types(keys, config.num_layers);
  if (const auto window = keys.integer("sliding_window"); window && keys.boolean("use_sliding_window"))
    set_windows(keys, *window, types.value_or(config.unrotated), config);
}

void read_gguf_smollm3(const architecture_keys& /*keys*/, model_config& config) {
  config.unrotated = each_layer(rope_interval, config.num_layers);
}

} // namespace

family smollm3_family() {
  return {.architecture = "smollm3",
          .model_type = "smollm3",
          .tensors = plain_tensors(),
          .interleaved_in_gguf = true,
          .optional_biases = true,
          .defaults = {.num_kv_heads = 4, .rotary = {.theta = 2e6}, .tied = true},
          .read_json = read_smollm3,
          .read_gguf = read_gguf_smollm3};
}

} // namespace avp
