// What a run is made of.
#pragma once

#include <optional>

#include "agents/registry.hpp"
#include "runtime/node/node_keys.hpp"
#include "runtime/os/interrupt.hpp"
#include "runtime/run/input_source.hpp"
#include "runtime/run/report_options.hpp"
#include "runtime/run/resume.hpp"
#include "runtime/run/run_origin.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// What all of a run uses. All references outlive the run.
struct run_parts {
  const run_origin& origin;
  const report_options& report;
  const std::optional<tcp_address>& metrics; ///< Where counters can be read while the run goes on.
  const avp::pipeline& pipeline;
  const registry& kinds;
  input_source& input;
  const std::optional<node_keys>& keys; ///< Those that the system has.
  interrupt_guard& interrupts;
  resumption* earlier = nullptr; ///< The run that stopped and goes on, after its restore(); null for a new one.
};

} // namespace avp
