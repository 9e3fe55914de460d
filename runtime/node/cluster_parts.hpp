// What the actor of node zero that talks to the other nodes works with.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/node/cluster_counters.hpp"
#include "runtime/node/cluster_node.hpp"
#include "runtime/node/context_exchange.hpp"

namespace avp {

/// What the actor works with.
struct cluster_parts {
  std::vector<cluster_node> nodes;
  std::map<std::string, node_greeting> greetings; ///< What each node is asked first, by its name.
  std::shared_ptr<context_exchange> exchange;
  std::shared_ptr<cluster_counters> counters;
  std::chrono::milliseconds timeout{5000}; ///< Silence after which a node counts as lost.
  std::chrono::milliseconds wait{60000};   ///< How long a hop waits for a node that can do it.
};

} // namespace avp
