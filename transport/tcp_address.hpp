// A host and a port: how people write them, and what the network makes of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/error.hpp"

namespace avp {

/// What an address is for.
enum class address_use : std::uint8_t {
  listen, ///< The host may be left out (this machine only) or be "*" (every address of this machine); the port may be
          ///< 0.
  connect ///< Host and port name one place.
};

/// Where somebody listens. Made by hand or by parse_tcp_address().
struct tcp_address {
  std::string host = "127.0.0.1"; ///< A name, an IPv4 address, an IPv6 address without brackets, or "*".
  std::uint16_t port = 0;         ///< 0 takes a free one.

  bool operator==(const tcp_address&) const = default;
};

/// Reads "HOST:PORT"; HOST is a name ("localhost"), an IPv4 address or an IPv6 address in brackets ("[::1]",
/// "[fe80::1%eth0]"). Fails with invalid_argument and a message that goes on after a subject: "must be …, found …".
[[nodiscard]] expected<tcp_address> parse_tcp_address(std::string_view text, address_use use);

/// The same after "tcp://", in whatever case.
[[nodiscard]] expected<tcp_address> parse_tcp_endpoint(std::string_view text, address_use use);

/// "HOST:PORT", an IPv6 address in brackets.
[[nodiscard]] std::string to_string(const tcp_address& address);

/// Whether only this machine gets there: 127.…, ::1 or localhost.
[[nodiscard]] bool is_loopback(const tcp_address& address);

/// Whether it means every address of this machine: "*", 0.0.0.0 or ::.
[[nodiscard]] bool is_wildcard(const tcp_address& address);

/// The numeric addresses of a host, each once, in the system's order of preference. "*" becomes :: (which takes IPv4 as
/// well), or 0.0.0.0 where the system has no IPv6. Asks a name server where need be, so it may block for seconds. Fails
/// with io_failed when the name is not known.
[[nodiscard]] expected<std::vector<tcp_address>> resolve(const tcp_address& address);

/// The first of a host's numeric addresses at which somebody accepts a connection within `patience`, all being tried at
/// once. Fails like resolve(), or with timed_out when nobody does. Blocks.
[[nodiscard]] expected<tcp_address> find_reachable(const tcp_address& address, std::chrono::milliseconds patience);

/// The address of this machine, without brackets, by which it talks to a host; nothing where there is no way. Sends
/// nothing.
[[nodiscard]] std::optional<std::string> own_address_towards(const tcp_address& host);

} // namespace avp
