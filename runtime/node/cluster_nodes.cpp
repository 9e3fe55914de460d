// All other nodes of a run, as node zero sees them.
#include "runtime/node/cluster_nodes.hpp"

#include <utility>

namespace avp {

cluster_nodes::cluster_nodes(std::vector<cluster_node> nodes) {
  for (auto& node : nodes)
    nodes_[node.entry.name] = std::move(node);
}

cluster_node* cluster_nodes::find(const std::string& name) {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

cluster_node* cluster_nodes::of(const caf::actor_addr& actor) {
  for (auto& [name, node] : nodes_)
    if (node.actor && node.actor == actor)
      return &node;
  return nullptr;
}

cluster_node* cluster_nodes::holding(const context_holder& holder) {
  auto* node = find(holder.node);
  return node != nullptr && node->is_talking() && node->session == holder.session ? node : nullptr;
}

} // namespace avp
