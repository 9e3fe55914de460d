// What the system knows of an address: its numbers, and whether somebody is there.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/tcp_address.hpp"

namespace avp {

namespace {

using address_list = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

class socket_handle {
public:
  socket_handle(int family, int type) : number_(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  socket_handle(socket_handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  socket_handle(const socket_handle&) = delete;
  socket_handle& operator=(const socket_handle&) = delete;
  ~socket_handle() {
    if (number_ >= 0)
      close(number_);
  }

  [[nodiscard]] int number() const { return number_; }

private:
  int number_;
};

expected<address_list> ask_system(const tcp_address& address, int type) {
  addrinfo hints{};
  hints.ai_socktype = type;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto failed = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (failed != 0)
    return fail(errc::io_failed,
                fmt::format("the host \"{}\" is not known: {}", address.host,
                            failed == EAI_SYSTEM ? std::string(std::strerror(errno)) : gai_strerror(failed)));
  return address_list(found, freeaddrinfo);
}

std::optional<std::string> number_of(const sockaddr* address, socklen_t length) {
  std::array<char, NI_MAXHOST> text{};
  if (getnameinfo(address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return std::nullopt;
  return text.data();
}

std::string any_host() { return socket_handle(AF_INET6, SOCK_STREAM).number() >= 0 ? "::" : "0.0.0.0"; }

/// Connections under way to all addresses of a host.
struct attempts {
  std::vector<std::string> hosts;
  std::vector<socket_handle> sockets;
  std::vector<pollfd> waiting; ///< A number of -1 is not waited for any more.

  /// Begins one; true when it is there at once.
  bool begin(const addrinfo& address) {
    const auto host = number_of(address.ai_addr, address.ai_addrlen);
    socket_handle made(address.ai_family, SOCK_STREAM);
    if (!host || made.number() < 0)
      return false;
    const bool there = connect(made.number(), address.ai_addr, address.ai_addrlen) == 0;
    if (!there && errno != EINPROGRESS)
      return false;
    hosts.push_back(*host);
    waiting.push_back({made.number(), POLLOUT, 0});
    sockets.push_back(std::move(made));
    return there;
  }

  /// One whose connection stands; those that failed are given up.
  std::optional<std::string> take_answers() {
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      int failure = 0;
      socklen_t size = sizeof failure;
      if (waiting[i].fd < 0 || waiting[i].revents == 0)
        continue;
      if (getsockopt(waiting[i].fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0)
        return hosts[i];
      waiting[i].fd = -1;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool over() const {
    return std::ranges::all_of(waiting, [](const pollfd& one) { return one.fd < 0; });
  }
};

} // namespace

expected<std::vector<tcp_address>> resolve(const tcp_address& address) {
  if (address.host == "*")
    return std::vector{tcp_address{any_host(), address.port}};
  const auto found = ask_system(address, SOCK_STREAM);
  if (!found)
    return tl::unexpected(found.error());
  std::vector<tcp_address> numbers;
  for (const auto* one = found->get(); one != nullptr; one = one->ai_next)
    if (const auto host = number_of(one->ai_addr, one->ai_addrlen)) {
      tcp_address number{*host, address.port};
      if (std::ranges::find(numbers, number) == numbers.end())
        numbers.push_back(std::move(number));
    }
  if (numbers.empty())
    return fail(errc::io_failed, fmt::format("the host \"{}\" has no address", address.host));
  return numbers;
}

expected<tcp_address> find_reachable(const tcp_address& address, std::chrono::milliseconds patience) {
  const auto found = ask_system(address, SOCK_STREAM);
  if (!found)
    return tl::unexpected(found.error());
  attempts under_way;
  for (const auto* one = found->get(); one != nullptr; one = one->ai_next)
    if (under_way.begin(*one))
      return tcp_address{under_way.hosts.back(), address.port};
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!under_way.over()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    const auto ready =
        poll(under_way.waiting.data(), under_way.waiting.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0)
      break;
    if (auto host = under_way.take_answers())
      return tcp_address{std::move(*host), address.port};
  }
  return fail(errc::timed_out, fmt::format("nobody answers at {}", to_string(address)));
}

std::optional<std::string> own_address_towards(const tcp_address& host) {
  const auto found = ask_system(host, SOCK_DGRAM);
  if (!found)
    return std::nullopt;
  for (const auto* one = found->get(); one != nullptr; one = one->ai_next) {
    const socket_handle probe(one->ai_family, SOCK_DGRAM);
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    if (connect(probe.number(), one->ai_addr, one->ai_addrlen) == 0 &&
        getsockname(probe.number(), reinterpret_cast<sockaddr*>(&own), &size) == 0)
      return number_of(reinterpret_cast<const sockaddr*>(&own), size);
  }
  return std::nullopt;
}

} // namespace avp
