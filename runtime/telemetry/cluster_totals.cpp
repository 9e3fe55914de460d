// A line for each node and each link.
#include "runtime/telemetry/cluster_totals.hpp"

#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

std::string separated(std::uint64_t number, const char* one, const char* many) {
  return with_separators(static_cast<std::int64_t>(number)) + " " + (number == 1 ? one : many);
}

} // namespace

std::string cluster_text(const cluster_totals& totals) {
  std::string text;
  for (const auto& node : totals.nodes)
    text += "node " + node.node + ": " + separated(node.hops, "hop", "hops") + "; lost " +
            separated(node.lost, "time", "times") + ", for which " + separated(node.retried, "hop was", "hops were") +
            " begun anew\n";
  for (const auto& link : totals.links)
    text += "link " + link.from + " -> " + link.to + ": " +
            separated(static_cast<std::uint64_t>(link.contexts), "context", "contexts") + " of " +
            size_text(link.whole_bytes) + ", of which " + size_text(link.bytes) + " travelled\n";
  return text;
}

json nodes_json(const cluster_totals& totals) {
  auto nodes = json::array();
  for (const auto& node : totals.nodes)
    nodes.push_back({{"node", node.node}, {"hops", node.hops}, {"lost", node.lost}, {"hops_retried", node.retried}});
  return nodes;
}

json links_json(const cluster_totals& totals) {
  auto links = json::array();
  for (const auto& link : totals.links)
    links.push_back({{"from", link.from},
                     {"to", link.to},
                     {"contexts", link.contexts},
                     {"wire_bytes", link.bytes},
                     {"context_bytes", link.whole_bytes}});
  return links;
}

} // namespace avp
