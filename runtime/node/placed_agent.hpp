// An agent of a run whose hops go to other nodes.
#pragma once

#include <cstdint>

#include "agents/agent_spec.hpp"

namespace avp {

/// With its nodes.
struct placed_agent {
  std::uint64_t number = 0; ///< No two agents of a cluster have the same.
  agent_spec spec;
};

} // namespace avp
