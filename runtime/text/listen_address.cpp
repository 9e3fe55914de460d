// Splitting at the last colon.
#include <charconv>

#include <avp/runtime/text/listen_address.hpp>

namespace avp {

std::optional<listen_address> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  listen_address address;
  const auto port = text.substr(colon + 1);
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (failed != std::errc{} || end != port.data() + port.size())
    return std::nullopt;
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find_first_of(":[]/ ") != std::string_view::npos) // an IPv6 address without brackets, a URL
    return std::nullopt;
  if (!host.empty())
    address.host = host;
  return address;
}

std::string to_string(const listen_address& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

} // namespace avp
