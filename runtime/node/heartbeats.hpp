// The heartbeats of the other nodes, and what comes with them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/node/cluster_counters.hpp"
#include "runtime/node/cluster_nodes.hpp"
#include "runtime/node/node_port.hpp"

namespace avp {

/// Asks for heartbeats, and keeps the counters that come with them.
class heartbeats {
public:
  using clock = std::chrono::steady_clock;
  using answer = std::function<void()>;

  /// All of it outlives the object.
  heartbeats(cluster_nodes& nodes, node_port& port, cluster_counters& counters)
      : nodes_(nodes),
        port_(port),
        counters_(counters) {}

  /// Asks a node for one. Gives the number of the ping.
  std::uint64_t ping(cluster_node& node, clock::time_point now);

  /// One came.
  void take(cluster_node& node, const node_heartbeat& heartbeat, clock::time_point now);

  /// Asks all that may have done something; `collected` is called when they have answered or are lost. One that is only
  /// greeted has done nothing yet.
  void collect(answer collected, clock::time_point now);

  /// A node is lost: nobody waits for it.
  void lose(cluster_node& node);

  /// Waits for nothing any more.
  void stop();

private:
  void answer_if_collected();

  cluster_nodes& nodes_;
  node_port& port_;
  cluster_counters& counters_;
  std::vector<answer> collecting_;
};

} // namespace avp
