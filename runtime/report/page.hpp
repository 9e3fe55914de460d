// Data and template to a page.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace avp {

/// Fills the report's template. Every value of `data` is escaped but those whose key ends in `_svg`. The page allows
/// no script and no style but its own (by hash), and nothing from elsewhere, so that even a mistake in the escaping
/// could not run what a model wrote.
[[nodiscard]] std::string render_page(const nlohmann::ordered_json& data);

} // namespace avp
