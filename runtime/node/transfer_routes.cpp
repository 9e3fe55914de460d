// Who sends a context to whom: node zero knows where everybody is.
#include "runtime/node/transfer_routes.hpp"

#include <utility>

#include "runtime/node/remote_context.hpp"

namespace avp {

namespace {

tl::expected<cluster_node*, std::string> talking_holder(const std::string& name, cluster_nodes& nodes) {
  auto* holder = nodes.find(name);
  if (holder == nullptr || !holder->is_talking())
    return tl::unexpected("node '" + name + "', which held it, is lost");
  return holder;
}

} // namespace

tl::expected<routed_order, std::string> route_to(const cluster_node& asking, send_order order, cluster_nodes& nodes) {
  order.endpoint = asking.entry.data;
  order.public_key = asking.public_key;
  order.zstd = asking.entry.zstd;
  if (order.holder == local_node) {
    order.to = asking.entry.name;
    return routed_order{nullptr, std::move(order)};
  }
  const auto holder = talking_holder(order.holder, nodes);
  if (!holder)
    return tl::unexpected(holder.error());
  order.zstd = order.zstd || (*holder)->entry.zstd;
  return routed_order{*holder, std::move(order)};
}

tl::expected<routed_order, std::string> route_here(const std::string& public_key, send_order order,
                                                   cluster_nodes& nodes) {
  const auto holder = talking_holder(order.holder, nodes);
  if (!holder)
    return tl::unexpected(holder.error());
  order.to = local_node;
  order.endpoint = (*holder)->own_data;
  order.public_key = public_key;
  order.zstd = (*holder)->entry.zstd;
  return routed_order{*holder, std::move(order)};
}

std::vector<needed_context> located(const std::vector<payload>& contexts, cluster_nodes& nodes,
                                    const kept_contexts& kept) {
  std::vector<needed_context> all;
  for (const auto& context : contexts) {
    const auto* remote = remote_in(context);
    if (remote == nullptr) {
      all.push_back({nullptr, context, {}});
      continue;
    }
    needed_context needed{remote->history(), kept.find(remote->history()->id()), {}};
    if (const auto* holder = nodes.holding(remote->holder()))
      needed.holder = data_peer{holder->entry.name, holder->entry.data, holder->public_key};
    all.push_back(std::move(needed));
  }
  return all;
}

} // namespace avp
