// An address to listen on, as the command line has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace avp {

/// Host and port.
struct listen_address {
  std::string host = "127.0.0.1"; ///< A name or address; without one only this machine gets in.
  std::uint16_t port = 0;         ///< 0 takes a free one.

  bool operator==(const listen_address&) const = default;
};

/// Reads ":PORT", "HOST:PORT" or "[IPV6]:PORT"; nothing for anything else.
[[nodiscard]] std::optional<listen_address> parse_listen_address(std::string_view text);

/// "HOST:PORT", an IPv6 address in brackets.
[[nodiscard]] std::string to_string(const listen_address& address);

} // namespace avp
