// A stretch of time in which an agent waited or worked on a task.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agents/agent_spec.hpp"

namespace avp {

/// One stretch; times in milliseconds from the task's first event.
struct request_slice {
  std::string agent;
  std::string what; ///< "queued", "fetch", a kind of request, or "hop" where no more is known.
  double start_ms = 0;
  double end_ms = 0;
};

/// The slices of each task and mode in order of their start.
using task_times = std::map<std::pair<std::string, mode>, std::vector<request_slice>>;

} // namespace avp
