// A hop that ended: enough not to do it again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gpu/recipe.hpp"
#include "runtime/results/task_result.hpp"

namespace avp {

/// One agent's part in a task, and what the task goes on with.
struct ended_hop {
  agent_result agent; ///< With the error, where it failed; without what it handed over, which shows later.
  std::optional<std::vector<std::string>> to; ///< The successors that it picked; none where it did not pick.
  double task_ms = 0;                         ///< From the task's begin to this hop's end.
  std::shared_ptr<const recipe> history;      ///< Of the context that it left; none where it left none.
};

} // namespace avp
