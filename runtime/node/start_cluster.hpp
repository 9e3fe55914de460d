// Starts the actor of node zero that talks to the other nodes.
#pragma once

#include <caf/actor_system.hpp>

#include "runtime/node/cluster_actor.hpp"
#include "runtime/node/cluster_parts.hpp"

namespace avp {

/// It connects to all nodes, and again to those that it loses.
[[nodiscard]] cluster_actor start_cluster(caf::actor_system& system, cluster_parts parts);

} // namespace avp
