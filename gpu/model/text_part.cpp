// Names as transformers 4 ("language_model.model.…") and 5 ("model.language_model.…") write them.
#include "gpu/model/text_part.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <nlohmann/json.hpp>

namespace avp {

namespace {

constexpr std::array<std::string_view, 4> parts_that_see{"vision_tower.", "multi_modal_projector.",
                                                         "model.vision_tower.", "model.multi_modal_projector."};

} // namespace

const nlohmann::json* text_config_of(const nlohmann::json& config) {
  if (!config.is_object() || !config.contains("model_type") || config["model_type"] != "gemma3")
    return nullptr;
  const auto found = config.find("text_config");
  return found == config.end() || found->is_null() ? nullptr : &*found;
}

bool is_of_text(const std::string& name) {
  return std::ranges::none_of(parts_that_see, [&](auto prefix) { return name.starts_with(prefix); });
}

std::string name_in_text(const std::string& name) {
  constexpr std::string_view older = "language_model.", newer = "model.language_model.";
  if (name.starts_with(newer))
    return "model." + name.substr(newer.size());
  return name.starts_with(older) ? name.substr(older.size()) : name;
}

} // namespace avp
