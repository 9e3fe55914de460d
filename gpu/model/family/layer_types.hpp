// Which layers of a model see a window only.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gpu/model/config_reader.hpp"
#include "gpu/model/model_config.hpp"

namespace avp {

/// What "layer_types" of a config.json says of windows, for each layer; nothing where it is not there. Throws
/// model_error on other types of layers, and where it has not one for each.
[[nodiscard]] std::optional<std::vector<bool>> layer_types(const config_reader& keys, std::int64_t layers);

/// "sliding_window": `otherwise` where the key is missing, nothing where it is null.
[[nodiscard]] std::optional<std::int64_t> sliding_window(const config_reader& keys, std::int64_t otherwise);

/// Gives layers a window of so many positions. Throws model_error where it has none.
void set_windows(const config_reader& keys, std::int64_t window, std::vector<bool> windowed, model_config& config);

/// Reads "use_sliding_window", "sliding_window" and "max_window_layers", from which on layers have a window; the ways
/// of Qwen.
void read_window_of_last_layers(const config_reader& keys, model_config& config);

/// Reads "sliding_window" of families in which all layers have a window or none. `otherwise`: where the key is missing;
/// null means none, and so does 0.
void read_window_of_all_layers(const config_reader& keys, std::int64_t otherwise, model_config& config);

/// Every layer but each `step`-th one, the first of which is number `step` - 1.
[[nodiscard]] std::vector<bool> all_but_each(std::int64_t step, std::int64_t layers);

} // namespace avp
