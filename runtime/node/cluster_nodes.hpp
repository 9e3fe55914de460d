// All other nodes of a run, as node zero sees them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <caf/actor_addr.hpp>

#include "runtime/node/cluster_node.hpp"
#include "runtime/node/context_holder.hpp"

namespace avp {

/// By name.
class cluster_nodes {
public:
  cluster_nodes() = default;
  explicit cluster_nodes(std::vector<cluster_node> nodes);

  [[nodiscard]] std::map<std::string, cluster_node>& all() { return nodes_; }
  [[nodiscard]] const std::map<std::string, cluster_node>& all() const { return nodes_; }

  /// Null where there is none of this name.
  [[nodiscard]] cluster_node* find(const std::string& name);

  /// The node that an actor stands for at present, or null.
  [[nodiscard]] cluster_node* of(const caf::actor_addr& actor);

  /// The node that holds a context, or null where it does not any more.
  [[nodiscard]] cluster_node* holding(const context_holder& holder);

private:
  std::map<std::string, cluster_node> nodes_;
};

} // namespace avp
