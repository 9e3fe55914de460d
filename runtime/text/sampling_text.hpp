// Sampling settings as they are shown.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "gpu/sampling.hpp"

namespace avp {

/// What is said, by the names of the keys: {"temperature": 0.6, "top_p": 0.95}.
[[nodiscard]] nlohmann::ordered_json sampling_json(const said_sampling& said);

/// The same in words: "temperature 0.6, top_p 0.95"; empty for nothing.
[[nodiscard]] std::string sampling_text(const nlohmann::ordered_json& said);

} // namespace avp
