// Starts the actor of a node that does the hops that node zero orders.
#pragma once

#include <caf/actor_system.hpp>

#include "runtime/node/node_host.hpp"
#include "runtime/node/node_parts.hpp"

namespace avp {

/// It ends by leave_node, or with an error when a device dies.
[[nodiscard]] node_host start_node(caf::actor_system& system, const node_parts& parts);

} // namespace avp
