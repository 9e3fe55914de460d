// Thoughts as results and journals keep them.
#pragma once

#include <nlohmann/json.hpp>

#include "gpu/thought.hpp"

namespace avp {

/// The object that `thought` of an agent is in results.jsonl; null where there is nothing to tell. Probabilities have
/// six decimals, all other numbers four.
[[nodiscard]] nlohmann::ordered_json to_json(const thought& of);

/// Reads what to_json() made. Throws nlohmann::json::exception for what is none; an unknown warning is left out.
[[nodiscard]] thought thought_from_json(const nlohmann::ordered_json& value);

} // namespace avp
