// run.json: what was run, where, and how.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/pipeline/plan.hpp"
#include "runtime/run/run_origin.hpp"

namespace avp {

/// The command, the date (now, UTC), the versions, the machine, the models and the plans, as run.json holds them.
/// `formats` is how the weights of the models on this machine are kept.
[[nodiscard]] nlohmann::ordered_json run_facts(const run_origin& origin, const pipeline& pipeline,
                                               const std::vector<plan>& plans,
                                               const std::map<std::string, weight_format>& formats);

} // namespace avp
