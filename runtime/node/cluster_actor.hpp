// The actor of node zero that talks to the other nodes.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <avp/runtime/node/cluster.hpp>
#include <avp/runtime/node/cluster_node.hpp>

namespace avp {

/// What the actor works with.
struct cluster_parts {
  std::vector<cluster_node> nodes;
  std::map<std::string, node_greeting> greetings; ///< What each node is asked first, by its name.
  std::shared_ptr<context_exchange> exchange;
  std::shared_ptr<cluster_board> board;
  std::chrono::milliseconds timeout{5000}; ///< Silence after which a node counts as lost.
  std::chrono::milliseconds wait{60000};   ///< How long a hop waits for a node that can do it.
};

/// Starts the actor. It takes prepare_nodes, place_hop, gather_here and collect_news of
/// runtime/node/cluster_messages.hpp, connects to all nodes, and again to those that it loses.
[[nodiscard]] caf::actor start_cluster(caf::actor_system& system, cluster_parts parts);

} // namespace avp
