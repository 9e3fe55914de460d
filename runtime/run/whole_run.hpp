// What all stages of a run use, and how one of them runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <caf/actor_system.hpp>

#include "runtime/node/cluster.hpp"
#include "runtime/pipeline/run_stage.hpp"
#include "runtime/run/reporter.hpp"
#include "runtime/run/run_devices.hpp"
#include "runtime/run/run_journal.hpp"
#include "runtime/run/run_parts.hpp"
#include "runtime/run/sweep_input.hpp"
#include "runtime/score/program_scorer.hpp"

namespace avp {

/// What a stage is called in the journal and the trace.
[[nodiscard]] std::string stage_name(const run_stage& stage);

/// A run under way: stages one after another on the same devices.
struct whole_run {
  const run_parts& parts;
  run_devices& devices;
  reporter& reports;
  std::shared_ptr<const program_scorer> programs;
  std::filesystem::path scorer;
  std::shared_ptr<run_journal> journal;      ///< None where the run leaves no folder.
  std::shared_ptr<const sweep_input> filler; ///< Of a sweep over prompt_tokens.
  std::unique_ptr<cluster> nodes;
  std::uint64_t next_place = 0;
  bool reader_left = false; ///< That of standard output.

  /// Whether no more is to begin.
  [[nodiscard]] bool stops() const { return reader_left || interrupt_guard::interrupted(); }

  /// Runs a stage, the one of that place in the run, to its end. Returns why it ended early, or nothing. Throws what an
  /// agent's constructor throws.
  std::string run(caf::actor_system& system, const run_stage& stage, std::size_t place);
};

} // namespace avp
