// A run from the first stage to the last, or from where an earlier avp-run stopped.
#pragma once

#include <vector>

#include <caf/actor_system.hpp>

#include <avp/agents/registry.hpp>
#include <avp/runtime/node/node_keys.hpp>
#include <avp/runtime/pipeline/run_stage.hpp>
#include <avp/runtime/run/command_line.hpp>
#include <avp/runtime/run/exit_status.hpp>
#include <avp/runtime/run/input_source.hpp>
#include <avp/runtime/run/resume.hpp>

namespace avp {

/// What a run is made of. All references outlive the run.
struct run_parts {
  const command_line& line;
  const avp::pipeline& pipeline;
  const registry& kinds;
  input_source& input;
  const std::optional<node_keys>& keys; ///< Those that the system has.
  resumption* earlier = nullptr;        ///< The run that stopped and goes on, after its restore(); null for a new one.
};

/// Loads the models, runs the stages, and leaves the folder. Throws model_error, node_error, sandbox_error,
/// write_error, listen_error, resume_error, journal_error, when the run can't begin.
[[nodiscard]] exit_status run_all(caf::actor_system& system, const run_parts& parts, std::vector<run_stage> stages);

/// Shows the totals of a resumed run that has nothing left to do. Throws write_error.
[[nodiscard]] exit_status show_complete(const run_parts& parts, const std::vector<run_stage>& stages);

} // namespace avp
