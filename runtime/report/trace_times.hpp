// When each agent waited and worked, read from a run's trace.json.
#pragma once

#include <cstddef>
#include <istream>

#include "runtime/report/request_slice.hpp"

namespace avp {

/// What was found in a trace.
struct trace_times {
  task_times times;
  std::size_t unreadable = 0; ///< Lines that are no event.
};

/// Reads a trace as trace_file writes it, with one event a line; a torn end loses only what it tore. Events of devices
/// are passed over unparsed, since they are most of the file.
[[nodiscard]] trace_times read_trace(std::istream& trace);

} // namespace avp
