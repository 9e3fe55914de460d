// Names become numbers.
#include "transport/link/link_address.hpp"

#include <strings.h>

namespace avp {

namespace {

constexpr std::string_view scheme = "tcp://";

/// How long the addresses of a host are tried before the first is taken.
constexpr std::chrono::milliseconds patience{500};

link_address address_of(const tcp_address& number) {
  auto text = to_string(number);
  if (number.port == 0)
    text.back() = '*';
  return {std::string(scheme) + text, number.host.find(':') != std::string::npos};
}

} // namespace

bool is_tcp(std::string_view endpoint) {
  return endpoint.size() >= scheme.size() && strncasecmp(endpoint.data(), scheme.data(), scheme.size()) == 0;
}

expected<std::vector<link_address>> link_addresses(const std::string& endpoint, address_use use) {
  if (!is_tcp(endpoint))
    return std::vector{link_address{endpoint}};
  const auto address = parse_tcp_endpoint(endpoint, use);
  if (!address)
    return fail(address.error().code, "it " + address.error().message);
  const auto numbers = resolve(*address);
  if (!numbers)
    return tl::unexpected(numbers.error());
  std::vector<link_address> made;
  for (const auto& number : *numbers)
    made.push_back(address_of(number));
  return made;
}

expected<link_address> reachable_link_address(const std::string& endpoint) {
  auto all = link_addresses(endpoint, address_use::connect);
  if (!all)
    return tl::unexpected(std::move(all.error()));
  if (all->size() > 1)
    if (const auto number = find_reachable(*parse_tcp_endpoint(endpoint, address_use::connect), patience))
      return address_of(*number);
  return all->front();
}

} // namespace avp
