// Node zero's connections to the other nodes, as actors of its process use them.
#pragma once

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "agents/hop_output.hpp"
#include "runtime/node/cluster_messages.hpp"
#include "runtime/node/nodes_ready.hpp"
#include "runtime/node/zero_actor.hpp"

namespace avp {

/// Connects to all nodes, and again to those that it loses.
using cluster_actor =
    zero_actor::extend<caf::replies_to<prepare_nodes>::with<nodes_ready>, caf::replies_to<place_hop>::with<hop_output>,
                       caf::replies_to<gather_here>::with<gathered_contexts>,
                       caf::replies_to<collect_counters>::with<counters_collected>, caf::reacts_to<context_dropped>>;

} // namespace avp
