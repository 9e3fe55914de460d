// How an exchange of contexts behaves.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "transport/link/curve_keys.hpp"

namespace avp {

/// How an exchange behaves.
struct exchange_options {
  std::string name;     ///< Of this node; at most 255 bytes of UTF-8.
  std::string endpoint; ///< Where to receive: "tcp://10.0.0.2:5555", "tcp://127.0.0.1:*", "ipc:///run/avp.sock".
  std::optional<key_pair> keys;           ///< CURVE on all links; plain links where it is not given.
  std::vector<std::string> accepted_keys; ///< Public keys of the nodes that may send.
  /// The largest context that may come, in bytes of its KV-cache; a connection that announces more is closed.
  std::uint64_t largest_context = std::uint64_t{2} << 30;
  std::chrono::milliseconds heartbeat{500};     ///< How often links say that they live.
  std::chrono::milliseconds peer_timeout{5000}; ///< Silence after which a peer counts as lost.
};

} // namespace avp
