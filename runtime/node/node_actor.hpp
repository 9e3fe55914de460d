// A node that does hops, as node zero knows it.
#pragma once

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "runtime/node/node_messages.hpp"

namespace avp {

/// Serves any number of runs at a time, each from its greeting until its connection is gone. Tells whoever greeted it
/// hop_report, words_report and node_farewell, and asks it with send_order: zero_actor.
using node_actor =
    caf::typed_actor<caf::replies_to<node_greeting>::with<node_welcome>, caf::reacts_to<agent_order>,
                     caf::reacts_to<hop_order>, caf::reacts_to<cancel_hop>, caf::reacts_to<drop_context>,
                     caf::replies_to<send_order>::with<send_report>, caf::replies_to<node_ping>::with<node_heartbeat>,
                     caf::replies_to<status_request>::with<node_status>>;

} // namespace avp
