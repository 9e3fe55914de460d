// A run from the first stage to the last, or from where an earlier avp-run stopped.
#pragma once

#include <vector>

#include <caf/actor_system.hpp>

#include "runtime/pipeline/run_stage.hpp"
#include "runtime/run/exit_status.hpp"
#include "runtime/run/run_parts.hpp"

namespace avp {

/// Loads the models, runs the stages, and leaves the folder. Throws model_error, node_error, sandbox_error,
/// write_error, listen_error, resume_error, journal_error, when the run can't begin.
[[nodiscard]] exit_status run_all(caf::actor_system& system, const run_parts& parts, std::vector<run_stage> stages);

/// Shows the totals of a resumed run that has nothing left to do. Throws write_error.
[[nodiscard]] exit_status show_complete(const run_parts& parts, const std::vector<run_stage>& stages);

} // namespace avp
