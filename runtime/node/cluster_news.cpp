// What the nodes tell with each heartbeat.
#include <algorithm>
#include <utility>

#include <avp/runtime/node/cluster_state.hpp>

namespace avp {

void cluster_state::ping(cluster_node& node) {
  node.ping = next_ping_++;
  node.pinged = clock::now();
  self_->send(node.actor, node_ping{node.ping});
}

// The node's clock was read somewhere between the ping and now; the shorter that was, the better it is known when.
void cluster_state::pulse(const node_pulse& pulse) {
  auto* node = sender();
  if (node == nullptr)
    return;
  node->heard = clock::now();
  const auto round = node->heard - node->pinged;
  const bool is_last = pulse.number == node->ping;
  if (is_last && round < node->round) {
    node->round = round;
    node->shift = (node->pinged + round / 2).time_since_epoch() - std::chrono::nanoseconds(pulse.clock);
  }
  for (const auto& device : pulse.devices)
    parts_.board->note(node->entry.name, device, node->shift);
  for (const auto& link : pulse.links)
    parts_.board->note(node->entry.name, link);
  node->is_collected = node->is_collected || is_last;
  answer_if_collected();
}

caf::result<news_collected> cluster_state::collect() {
  parts_.board->note_sent(parts_.exchange->traffic());
  for (auto& [name, node] : nodes_)
    if (node.is_talking()) {
      node.is_collected = false;
      ping(node);
    }
  collecting_.push_back(self_->make_response_promise<news_collected>());
  const auto answer = collecting_.back();
  answer_if_collected();
  return answer;
}

void cluster_state::answer_if_collected() {
  if (std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return !node.second.is_collected; }))
    return;
  for (auto& answer : std::exchange(collecting_, {}))
    answer.deliver(news_collected{});
}

} // namespace avp
