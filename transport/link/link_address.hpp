// From the address of a link to those that ZeroMQ takes; used inside the room only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transport/error.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// ZeroMQ knows no names where it binds, and takes IPv6 only where it is told to.
struct link_address {
  std::string endpoint; ///< "tcp://[::1]:5555", "tcp://127.0.0.1:*", "ipc:///run/avp.sock".
  bool ipv6 = false;
};

/// Whether an endpoint is one of TCP; any other is ZeroMQ's business.
[[nodiscard]] bool is_tcp(std::string_view endpoint);

/// All numeric addresses of an endpoint. Fails with invalid_argument or io_failed.
[[nodiscard]] expected<std::vector<link_address>> link_addresses(const std::string& endpoint, address_use use);

/// The address of an endpoint to connect to: where its host has several, the one at which somebody answers, or else the
/// first. Fails likewise.
[[nodiscard]] expected<link_address> reachable_link_address(const std::string& endpoint);

} // namespace avp
