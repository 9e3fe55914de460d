// Who sends a context to whom: node zero knows where everybody is.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "runtime/node/cluster_nodes.hpp"
#include "runtime/node/gathered_contexts.hpp"
#include "runtime/node/kept_contexts.hpp"
#include "runtime/node/node_messages.hpp"

namespace avp {

/// An order to send a context with all that its holder has to know.
struct routed_order {
  cluster_node* holder = nullptr; ///< Null for this process.
  send_order order;
};

/// What a node asks for, or why nobody can send it.
[[nodiscard]] tl::expected<routed_order, std::string> route_to(const cluster_node& asking, send_order order,
                                                               cluster_nodes& nodes);

/// What this process asks for, whose CURVE key is given, or why nobody can send it.
[[nodiscard]] tl::expected<routed_order, std::string> route_here(const std::string& public_key, send_order order,
                                                                 cluster_nodes& nodes);

/// Contexts that are to come to this process: which are here, and who holds the others.
[[nodiscard]] std::vector<needed_context> located(const std::vector<payload>& contexts, cluster_nodes& nodes,
                                                  const kept_contexts& kept);

} // namespace avp
