// What actors of node zero say to each other about other nodes. Contexts and callbacks are references into this
// process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>

#include <avp/agents/agent_actor.hpp>
#include <avp/runtime/node/context_gatherer.hpp>
#include <avp/runtime/node/remote_context.hpp>

namespace avp {

/// Asks whether all nodes are ready; they are greeted by then. Answered with nodes_ready.
struct prepare_nodes {
  std::vector<model_report> local; ///< The models of this machine.
};

/// The answer to prepare_nodes.
struct nodes_ready {
  std::vector<std::string> problems; ///< What is missing where, a line each; empty when the run can begin.
  std::vector<model_report> models;  ///< Of all machines, each name once.
};

/// An agent whose hops go to other nodes.
struct placed_agent {
  std::uint64_t number = 0; ///< No two agents of a cluster have the same.
  agent_spec spec;
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

/// Asks for what the nodes did so far. Answered with news_collected when all that are there have told it.
struct collect_news {};

/// The answer to collect_news: the board has it.
struct news_collected {};

/// Nobody holds a remote_context any more.
struct context_dropped {
  context_holder holder;
};

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::prepare_nodes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::nodes_ready)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::place_hop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::gather_here)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::gathered_contexts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::collect_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::news_collected)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::context_dropped)
