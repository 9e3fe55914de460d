// A plan in run.json, from which reports draw the flow.
#pragma once

#include <nlohmann/json.hpp>

#include "runtime/pipeline/plan.hpp"

namespace avp {

/// What a reader needs to know of a plan: the mode, who runs as what, the edges with how they hand over, whose contexts
/// each agent continues, the notes. Prompts are not in it; they are in the pipeline file.
[[nodiscard]] nlohmann::ordered_json to_json(const plan& planned);

/// The plan that to_json() wrote, without what that leaves out. Throws nlohmann::json::exception where it is no such
/// object.
[[nodiscard]] plan plan_from_json(const nlohmann::ordered_json& object);

} // namespace avp
