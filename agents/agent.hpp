// The base class of agents: derive from it, write run(), register it under a name.
#pragma once

#include "agents/eventually.hpp"
#include "agents/hop.hpp"

namespace avp {

/// An agent. One object serves all tasks: run() is a coroutine, called once per task, and while one waits for its
/// device the others go on. All of them run on one thread at a time, so members need no locks.
class agent {
public:
  virtual ~agent() = default;

  /// Does the agent's work for one task. `hop` lives until the coroutine is done. An exception fails the task with its
  /// text as the reason, and with error_code::agent_failed where it is no request_failed; the other tasks go on.
  virtual eventually<output> run(avp::hop& hop) = 0;
};

} // namespace avp
