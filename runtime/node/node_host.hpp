// The actor of a node that does the hops that node zero orders, as its own process uses it.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include "runtime/node/context_gatherer.hpp"
#include "runtime/node/node_actor.hpp"

namespace avp {

/// To the actor of a node: take no more hops, end when those under way are done.
struct leave_node {};

/// A node's actor in its own process.
using node_host = node_actor::extend<caf::reacts_to<leave_node>, caf::replies_to<ask_holder>::with<send_report>>;

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::leave_node)
