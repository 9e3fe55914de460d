// run.json: what was run, where, and how.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include <avp/runtime/pipeline/plan.hpp>
#include <avp/runtime/run/command_line.hpp>

namespace avp {

/// The command, the date (now, UTC), the versions, the machine, the models and the plans, as run.json holds them.
[[nodiscard]] nlohmann::ordered_json run_facts(const command_line& line, const pipeline& pipeline,
                                               const std::vector<plan>& plans);

} // namespace avp
