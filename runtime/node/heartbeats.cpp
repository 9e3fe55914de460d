// The heartbeats of the other nodes, and what comes with them.
#include "runtime/node/heartbeats.hpp"

#include <algorithm>
#include <utility>

namespace avp {

std::uint64_t heartbeats::ping(cluster_node& node, clock::time_point now) {
  const node_ping sent{node.clock.ping(now)};
  port_.send(node, sent);
  return sent.number;
}

void heartbeats::take(cluster_node& node, const node_heartbeat& heartbeat, clock::time_point now) {
  node.heard = now;
  node.clock.take(heartbeat.number, heartbeat.clock, now);
  for (const auto& device : heartbeat.devices)
    counters_.note(node.entry.name, device, node.clock.shift());
  for (const auto& link : heartbeat.links)
    counters_.note(node.entry.name, link);
  if (node.awaited && heartbeat.number >= *node.awaited) // others may have gone out since
    node.awaited.reset();
  answer_if_collected();
}

void heartbeats::collect(answer collected, clock::time_point now) {
  for (auto& [name, node] : nodes_.all())
    if (node.stage == node_stage::ready || node.stage == node_stage::leaving)
      node.awaited = ping(node, now);
  collecting_.push_back(std::move(collected));
  answer_if_collected();
}

void heartbeats::lose(cluster_node& node) {
  node.awaited.reset();
  answer_if_collected();
}

void heartbeats::stop() {
  for (const auto& collected : std::exchange(collecting_, {}))
    collected();
}

void heartbeats::answer_if_collected() {
  if (std::none_of(nodes_.all().begin(), nodes_.all().end(),
                   [](const auto& one) { return one.second.awaited.has_value(); }))
    stop();
}

} // namespace avp
