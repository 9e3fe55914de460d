// The heartbeats of the other nodes, and what comes with them.
#include "runtime/node/heartbeats.hpp"

#include <algorithm>
#include <utility>

namespace avp {

void heartbeats::ping(cluster_node& node, clock::time_point now) { port_.send(node, node_ping{node.clock.ping(now)}); }

void heartbeats::take(cluster_node& node, const node_heartbeat& heartbeat, clock::time_point now) {
  node.heard = now;
  const bool is_last = node.clock.take(heartbeat.number, heartbeat.clock, now);
  for (const auto& device : heartbeat.devices)
    counters_.note(node.entry.name, device, node.clock.shift());
  for (const auto& link : heartbeat.links)
    counters_.note(node.entry.name, link);
  node.is_collected = node.is_collected || is_last;
  answer_if_collected();
}

void heartbeats::collect(answer collected, clock::time_point now) {
  for (auto& [name, node] : nodes_.all())
    if (node.is_talking()) {
      node.is_collected = false;
      ping(node, now);
    }
  collecting_.push_back(std::move(collected));
  answer_if_collected();
}

void heartbeats::lose(cluster_node& node) {
  node.is_collected = true;
  answer_if_collected();
}

void heartbeats::stop() {
  for (const auto& collected : std::exchange(collecting_, {}))
    collected();
}

void heartbeats::answer_if_collected() {
  if (std::all_of(nodes_.all().begin(), nodes_.all().end(), [](const auto& one) { return one.second.is_collected; }))
    stop();
}

} // namespace avp
