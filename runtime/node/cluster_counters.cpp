// Sums over the sessions of each node.
#include "runtime/node/cluster_counters.hpp"

#include <algorithm>

#include "runtime/pipeline/pipeline.hpp"

namespace avp {

void cluster_counters::add_node(const std::string& node) {
  const std::lock_guard lock(guard_);
  nodes_[node].node = node;
}

void cluster_counters::set_ready(const std::string& node, bool is_ready) {
  const std::lock_guard lock(guard_);
  nodes_[node].is_ready = is_ready;
}

void cluster_counters::count_hop(const std::string& node) {
  const std::lock_guard lock(guard_);
  ++nodes_[node].hops;
}

void cluster_counters::count_retried(const std::string& node) {
  const std::lock_guard lock(guard_);
  ++nodes_[node].retried;
}

void cluster_counters::end_session(const std::string& node, bool was_ready) {
  const std::lock_guard lock(guard_);
  auto& totals = nodes_[node];
  totals.is_ready = false;
  totals.lost += was_ready ? 1 : 0;
  for (auto& [whose, entry] : devices_)
    if (whose.first == node)
      entry.earlier = entry.now.counters;
  for (auto& [ends, entry] : links_)
    if (ends.first == node)
      entry.earlier = entry.now;
}

cluster_counters::device_entry& cluster_counters::device_of(const std::string& node, const std::string& device) {
  auto& entry = devices_[{node, device}];
  if (entry.now.device.empty()) {
    entry.now.device = node + "/" + device;
    if (trace_)
      entry.place_in_trace = trace_->add_device(entry.now.device);
  }
  return entry;
}

cluster_counters::link_entry& cluster_counters::link_of(const std::string& from, const std::string& to) {
  auto& entry = links_[{from, to}];
  entry.now.from = from;
  entry.now.to = to;
  return entry;
}

void cluster_counters::note(const std::string& node, const device_activity& activity, std::chrono::nanoseconds shift) {
  const std::lock_guard lock(guard_);
  auto& entry = device_of(node, activity.device);
  entry.now.counters = activity.counters.after(entry.earlier);
  entry.now.blocks_used_most = std::max(entry.now.blocks_used_most, activity.blocks_used_most);
  entry.now.blocks_shared_most = std::max(entry.now.blocks_shared_most, activity.blocks_shared_most);
  if (!trace_)
    return;
  for (const auto& step : activity.steps)
    trace_->add(entry.place_in_trace, step_of(step, shift));
  for (const auto& request : activity.requests)
    trace_->add(request_of(request, shift));
}

void cluster_counters::note(const std::string& node, const link_counters& link) {
  const std::lock_guard lock(guard_);
  auto& [now, earlier] = link_of(node, link.to);
  now.contexts = earlier.contexts + link.contexts;
  now.bytes = earlier.bytes + link.bytes;
  now.whole_bytes = earlier.whole_bytes + link.whole_bytes;
}

void cluster_counters::note(const request_record& fetched) {
  if (trace_)
    trace_->add(fetched);
}

void cluster_counters::note_sent(const std::map<std::string, link_traffic>& traffic) {
  for (const auto& [peer, sent] : traffic)
    if (sent.contexts_sent > 0)
      note(local_node, link_counters{peer, sent.contexts_sent, sent.bytes_sent, sent.whole_bytes_sent});
}

cluster_totals cluster_counters::totals() const {
  const std::lock_guard lock(guard_);
  cluster_totals all;
  for (const auto& [name, node] : nodes_)
    all.nodes.push_back(node);
  for (const auto& [ends, link] : links_)
    all.links.push_back(link.now);
  return all;
}

std::vector<device_totals> cluster_counters::devices() const {
  const std::lock_guard lock(guard_);
  std::vector<device_totals> all;
  for (const auto& [whose, device] : devices_)
    all.push_back(device.now);
  return all;
}

} // namespace avp
