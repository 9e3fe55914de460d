// Counts of what goes over the data links, by peer.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "runtime/node/link_traffic.hpp"

namespace avp {

/// Any thread.
class traffic_ledger {
public:
  void count_sent(const std::string& peer, std::uint64_t wire_bytes, std::uint64_t whole_bytes);
  void count_received(const std::string& peer, std::uint64_t wire_bytes, std::uint64_t whole_bytes);

  /// Counts a payload that was not taken. Returns whether it is this peer's first one, which is worth a line in the
  /// log.
  [[nodiscard]] bool count_refused(const std::string& peer);

  [[nodiscard]] std::map<std::string, link_traffic> all() const;

private:
  [[nodiscard]] link_traffic& of(const std::string& peer);

  mutable std::mutex guard_;
  std::map<std::string, link_traffic> peers_;
};

} // namespace avp
