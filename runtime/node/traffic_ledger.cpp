// Sums by peer.
#include "runtime/node/traffic_ledger.hpp"

namespace avp {

namespace {

// Names come from peers: no more of them are told apart.
constexpr std::size_t most_peers = 256;

} // namespace

link_traffic& traffic_ledger::of(const std::string& peer) {
  const bool is_known = peers_.contains(peer);
  return peers_[is_known || peers_.size() < most_peers ? peer : "others"];
}

void traffic_ledger::count_sent(const std::string& peer, std::uint64_t wire_bytes, std::uint64_t whole_bytes) {
  const std::lock_guard lock(guard_);
  auto& counts = of(peer);
  ++counts.contexts_sent;
  counts.bytes_sent += wire_bytes;
  counts.whole_bytes_sent += whole_bytes;
}

void traffic_ledger::count_received(const std::string& peer, std::uint64_t wire_bytes, std::uint64_t whole_bytes) {
  const std::lock_guard lock(guard_);
  auto& counts = of(peer);
  ++counts.contexts_received;
  counts.bytes_received += wire_bytes;
  counts.whole_bytes_received += whole_bytes;
}

bool traffic_ledger::count_refused(const std::string& peer) {
  const std::lock_guard lock(guard_);
  return ++of(peer).refused == 1;
}

std::map<std::string, link_traffic> traffic_ledger::all() const {
  const std::lock_guard lock(guard_);
  return peers_;
}

} // namespace avp
