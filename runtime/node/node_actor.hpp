// The actor of a node that does the hops that node zero orders.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <avp/agents/registry.hpp>
#include <avp/runtime/node/context_exchange.hpp>
#include <avp/runtime/node/node_models.hpp>

namespace avp {

/// What the actor of a node works with. Everything outlives it.
struct node_parts {
  std::string name;
  std::uint64_t incarnation = 0; ///< Drawn at start.
  std::string public_key;        ///< CURVE key of its data plane; empty without keys.
  const registry* kinds = nullptr;
  node_models* models = nullptr;
  context_exchange* exchange = nullptr;
  std::chrono::milliseconds patience{5000}; ///< For a context that another node sends; then it is made anew.
};

/// To the actor of a node: take no more hops, end when those under way are done.
struct leave_node {};

/// Starts the actor, which serves any number of runs at a time: takes node_greeting, agent_order, hop_order,
/// drop_context, send_order, node_ping and status_request of runtime/node/node_messages.hpp. It ends by leave_node, or
/// with an error when a device dies.
[[nodiscard]] caf::actor start_node(caf::actor_system& system, const node_parts& parts);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::leave_node)
