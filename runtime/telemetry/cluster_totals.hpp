// What a run over several nodes has to show for itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace avp {

/// Another node, in a run's totals.
struct node_totals {
  std::string node;
  bool is_ready = false;     ///< Now: connected, and it takes hops.
  std::uint64_t hops = 0;    ///< That it finished.
  std::uint64_t retried = 0; ///< Hops that were begun anew because it was lost.
  std::uint64_t lost = 0;    ///< How often the connection to it was lost.
};

/// Contexts that went from one node to another; "local" is the machine of avp-run.
struct link_totals {
  std::string from;
  std::string to;
  std::int64_t contexts = 0;
  std::uint64_t bytes = 0;       ///< Of AVP messages on the socket.
  std::uint64_t whole_bytes = 0; ///< Had every context travelled from its first position on, uncompressed.
};

/// In the order of names.
struct cluster_totals {
  std::vector<node_totals> nodes;
  std::vector<link_totals> links;
};

/// Lines for people; empty for a run on one machine.
[[nodiscard]] std::string cluster_text(const cluster_totals& totals);

/// The same for summary.json: "nodes" and "links".
[[nodiscard]] nlohmann::ordered_json nodes_json(const cluster_totals& totals);
[[nodiscard]] nlohmann::ordered_json links_json(const cluster_totals& totals);

} // namespace avp
