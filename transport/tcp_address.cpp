// Reading and writing of addresses.
#include "transport/tcp_address.hpp"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "transport/ascii.hpp"

namespace avp {

namespace {

constexpr std::string_view scheme = "tcp://";

bool is_hexadecimal(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
bool is_name_character(char c) { return is_digit(c) || is_letter(c) || c == '-' || c == '_'; }

/// The 16 bytes of an IPv6 address, whose scope ("%eth0") is left out.
std::optional<in6_addr> ipv6_of(std::string_view host) {
  in6_addr bytes{};
  const std::string text(host.substr(0, host.find('%')));
  return inet_pton(AF_INET6, text.c_str(), &bytes) == 1 ? std::optional(bytes) : std::nullopt;
}

/// An IPv4 address, also one that is written as an IPv6 address (::ffff:127.0.0.1); in the byte order of this machine.
std::optional<std::uint32_t> ipv4_of(const std::string& host) {
  in_addr bytes{};
  if (inet_pton(AF_INET, host.c_str(), &bytes) == 1)
    return ntohl(bytes.s_addr);
  const auto mapped = ipv6_of(host);
  if (!mapped || !IN6_IS_ADDR_V4MAPPED(&*mapped))
    return std::nullopt;
  const auto* last = mapped->s6_addr + 12;
  return std::uint32_t{last[0]} << 24 | std::uint32_t{last[1]} << 16 | std::uint32_t{last[2]} << 8 | last[3];
}

/// What is wrong with a host in brackets; nothing when it is an IPv6 address.
std::optional<std::string> ipv6_mistake(std::string_view host) {
  const auto percent = host.find('%');
  const auto bytes = ipv6_of(host);
  if (!bytes)
    return fmt::format("\"{}\" is no IPv6 address", host.substr(0, percent));
  if (percent == std::string_view::npos)
    return std::nullopt;
  if (!IN6_IS_ADDR_LINKLOCAL(&*bytes) && !IN6_IS_ADDR_MC_LINKLOCAL(&*bytes))
    return fmt::format("only link-local addresses (fe80::…) have an interface behind a %, and \"{}\" is none", host);
  const auto interface = host.substr(percent + 1);
  const bool sound = !interface.empty() && interface.size() < 16 &&
                     std::ranges::all_of(interface, [](char c) { return is_name_character(c) || c == '.'; });
  return sound ? std::nullopt : std::optional(fmt::format("\"{}\" is no name of an interface", interface));
}

/// Whether an address is meant by a host without brackets: names do not end in a number.
bool ends_in_number(std::string_view host) {
  const auto label = host.substr(host.rfind('.') + 1);
  const bool hexadecimal = label.starts_with("0x") || label.starts_with("0X");
  return !label.empty() && std::ranges::all_of(hexadecimal ? label.substr(2) : label,
                                               [&](char c) { return hexadecimal ? is_hexadecimal(c) : is_digit(c); });
}

/// What is wrong with a host without brackets; nothing when it is a name or an IPv4 address.
std::optional<std::string> name_mistake(std::string_view host) {
  constexpr std::size_t longest = 253; // RFC 1035, section 2.3.4
  constexpr std::size_t longest_label = 63;
  if (std::ranges::any_of(host, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return "a name has letters of ASCII only; write an international one in its form with \"xn--\"";
  if (ends_in_number(host))
    return ipv4_of(std::string(host)) ? std::nullopt : std::optional(fmt::format("\"{}\" is no IPv4 address", host));
  if (host.size() > longest)
    return fmt::format("its name has more than {} characters", longest);
  for (auto rest = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;;) {
    const auto label = rest.substr(0, rest.find('.'));
    if (label.empty() || label.size() > longest_label || !std::ranges::all_of(label, is_name_character))
      return fmt::format("\"{}\" is no name of a host", host);
    if (label.size() == rest.size())
      return std::nullopt;
    rest.remove_prefix(label.size() + 1);
  }
}

std::optional<std::uint16_t> port_of(std::string_view text, address_use use) {
  if (text == "*" && use == address_use::listen)
    return 0;
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = failed == std::errc{} && end == text.data() + text.size();
  return whole && (port != 0 || use == address_use::listen) ? std::optional(port) : std::nullopt;
}

/// Reads a host as it stands before the colon; gives what is wrong with it.
std::optional<std::string> read_host(std::string_view text, address_use use, tcp_address& address) {
  if (text.empty())
    return use == address_use::listen ? std::nullopt : std::optional<std::string>("the host is missing");
  if (text.starts_with('[')) {
    address.host = text.substr(1, text.size() - 2);
    if (!text.ends_with(']') || text.size() < 3)
      return "an IPv6 address stands in brackets, such as [::1]";
    if (auto mistake = ipv6_mistake(address.host))
      return mistake;
  } else {
    address.host = text;
    if (text.find(':') != std::string_view::npos)
      return "an IPv6 address needs brackets, such as [::1]:5554";
    if (text != "*")
      if (auto mistake = name_mistake(text))
        return mistake;
  }
  if (use == address_use::connect && is_wildcard(address))
    return fmt::format("{} is every address of a machine; write the one at which others reach it", text);
  return std::nullopt;
}

/// Reads what stands behind the scheme; gives what is wrong with it.
std::optional<std::string> read_address(std::string_view text, address_use use, tcp_address& address) {
  if (text.empty())
    return "it is empty";
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
    return "there are spaces in it";
  if (text.find('/') != std::string_view::npos)
    return "nothing stands before or after host and port";
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']') || (ipv6_of(text) && !text.starts_with('[')))
    return ipv6_of(text) ? "an IPv6 address needs brackets and a port, such as [::1]:5554" : "the port is missing";
  const auto port = port_of(text.substr(colon + 1), use);
  if (!port)
    return fmt::format("a port is a number from {} to 65535", use == address_use::listen ? 0 : 1);
  address.port = *port;
  return read_host(text.substr(0, colon), use, address);
}

/// The address, or what is accepted and what is wrong.
expected<tcp_address> result(std::string_view text, std::string_view before, address_use use,
                             const std::optional<std::string>& mistake, tcp_address address) {
  if (!mistake)
    return address;
  const auto places = use == address_use::listen ? "{0}0.0.0.0:5554, {0}[::1]:5554, {0}name:5554 or, for this machine "
                                                   "only, {0}:5554"
                                                 : "{0}10.0.0.2:5554, {0}[fd00::2]:5554 or {0}name:5554";
  return fail(errc::invalid_argument, fmt::format("must be \"{}host:port\", such as {}, found \"{}\": {}", before,
                                                  fmt::format(fmt::runtime(places), before), text, *mistake));
}

bool has_scheme(std::string_view text) { return lowered(text.substr(0, scheme.size())) == scheme; }

} // namespace

expected<tcp_address> parse_tcp_address(std::string_view text, address_use use) {
  tcp_address address;
  const auto mistake = has_scheme(text) ? "leave out tcp://" : read_address(text, use, address);
  return result(text, "", use, mistake, std::move(address));
}

expected<tcp_address> parse_tcp_endpoint(std::string_view text, address_use use) {
  tcp_address address;
  const auto mistake =
      has_scheme(text) ? read_address(text.substr(scheme.size()), use, address) : "it does not begin with tcp://";
  return result(text, scheme, use, mistake, std::move(address));
}

std::string to_string(const tcp_address& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", address.host, ipv6 ? "]" : "", address.port);
}

bool is_loopback(const tcp_address& address) {
  if (const auto four = ipv4_of(address.host))
    return *four >> 24 == 127;
  if (const auto six = ipv6_of(address.host))
    return IN6_IS_ADDR_LOOPBACK(&*six);
  const auto name = lowered(address.host);
  return name == "localhost" || name == "localhost.";
}

bool is_wildcard(const tcp_address& address) {
  if (const auto four = ipv4_of(address.host))
    return *four == 0;
  const auto six = ipv6_of(address.host);
  return address.host == "*" || (six && IN6_IS_ADDR_UNSPECIFIED(&*six));
}

} // namespace avp
