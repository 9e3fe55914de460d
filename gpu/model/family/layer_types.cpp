// "layer_types" and the keys that it follows from where it is missing, as the configurations of transformers 5 do it.
#include "gpu/model/family/layer_types.hpp"

#include <string>
#include <utility>

namespace avp {

std::optional<std::vector<bool>> layer_types(const config_reader& keys, std::int64_t layers) {
  const auto types = keys.texts("layer_types");
  if (!types)
    return std::nullopt;
  std::vector<bool> windowed;
  for (const auto& type : *types) {
    if (type != "full_attention" && type != "sliding_attention")
      keys.fail("layer_types", "has \"" + type + "\"; only \"full_attention\" and \"sliding_attention\" are supported");
    windowed.push_back(type == "sliding_attention");
  }
  if (static_cast<std::int64_t>(windowed.size()) != layers)
    keys.fail("layer_types", "names " + std::to_string(windowed.size()) + " layers of " + std::to_string(layers));
  return windowed;
}

std::optional<std::int64_t> sliding_window(const config_reader& keys, std::int64_t otherwise) {
  return keys.contains("sliding_window") ? keys.integer("sliding_window") : otherwise;
}

void set_windows(const config_reader& keys, std::int64_t window, std::vector<bool> windowed, model_config& config) {
  if (window < 1)
    keys.fail("sliding_window", "is " + std::to_string(window) + ", expected 1 or more");
  config.window = window;
  config.windowed = std::move(windowed);
}

void read_window_of_last_layers(const config_reader& keys, model_config& config) {
  const auto types = layer_types(keys, config.num_layers);
  if (!keys.boolean("use_sliding_window"))
    return;
  const auto window = sliding_window(keys, 4096);
  if (!window)
    keys.fail("sliding_window", "is null, but use_sliding_window is true; expected a number of positions");
  const auto first = keys.integer("max_window_layers").value_or(28);
  std::vector<bool> windowed;
  for (std::int64_t layer = 0; layer < config.num_layers; ++layer)
    windowed.push_back(layer >= first);
  set_windows(keys, *window, types.value_or(windowed), config);
}

void read_window_of_all_layers(const config_reader& keys, std::int64_t otherwise, model_config& config) {
  const auto window = sliding_window(keys, otherwise).value_or(0);
  if (window != 0)
    set_windows(keys, window, std::vector<bool>(static_cast<std::size_t>(config.num_layers), true), config);
}

std::vector<bool> all_but_each(std::int64_t step, std::int64_t layers) {
  std::vector<bool> chosen;
  for (std::int64_t layer = 0; layer < layers; ++layer)
    chosen.push_back((layer + 1) % step != 0);
  return chosen;
}

} // namespace avp
