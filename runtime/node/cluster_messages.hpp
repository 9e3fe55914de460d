// What actors of node zero say to each other about other nodes. Contexts are references into this process.
#pragma once

#include <memory>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>

#include "agents/hop.hpp"
#include "runtime/node/context_holder.hpp"
#include "runtime/node/gathered_contexts.hpp"
#include "runtime/node/node_messages.hpp"
#include "runtime/node/placed_agent.hpp"

namespace avp {

/// Asks whether all nodes are ready; they are greeted by then. Answered with nodes_ready.
struct prepare_nodes {
  std::vector<model_report> local; ///< The models of this machine.
};

/// A hop for one of the nodes of its agent. Answered with hop_output, or an error that says why no node did it.
struct place_hop {
  std::shared_ptr<const placed_agent> agent;
  hop_input input;
};

/// Contexts to be brought onto a device of this machine. Answered with gathered_contexts.
struct gather_here {
  std::vector<payload> contexts;
  gather_target target;
};

/// Asks for what the nodes did so far. Answered with counters_collected when all that are there have told it.
struct collect_counters {};

/// The answer to collect_counters: the counters have it.
struct counters_collected {};

/// Nobody holds a remote_context any more.
struct context_dropped {
  context_holder holder;
};

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::prepare_nodes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::place_hop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::gather_here)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::collect_counters)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::counters_collected)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::context_dropped)
