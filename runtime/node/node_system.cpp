// CAF's middleman, with or without TLS.
#include <array>
#include <memory>

#include <arpa/inet.h>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/openssl/publish.hpp>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <avp/gpu/device_error.hpp>
#include <avp/runtime/node/node_messages.hpp>
#include <avp/runtime/node/node_system.hpp>

namespace avp {

namespace {

using address_list = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

address_list addresses_of(const listen_address& at, int type) {
  addrinfo hints{};
  hints.ai_socktype = type;
  addrinfo* found = nullptr;
  if (getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &hints, &found) != 0)
    found = nullptr;
  return {found, [](addrinfo* list) {
            if (list != nullptr)
              freeaddrinfo(list);
          }};
}

class socket_handle {
public:
  explicit socket_handle(const addrinfo& address)
      : number_(socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol)) {}
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

bool connects(const addrinfo& address, std::chrono::milliseconds patience) {
  const socket_handle socket(address);
  if (connect(socket.number(), address.ai_addr, address.ai_addrlen) == 0)
    return true;
  pollfd waiting{socket.number(), POLLOUT, 0};
  if (errno != EINPROGRESS || poll(&waiting, 1, static_cast<int>(patience.count())) != 1)
    return false;
  int failure = 0;
  socklen_t size = sizeof failure;
  return getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
}

} // namespace

node_system_config::node_system_config(const std::optional<node_keys>& keys, std::chrono::milliseconds timeout) {
  set("scheduler.policy", caf::atom("sharing")); // the stealing policy polls beside the arithmetic threads
  // At each heartbeat CAF closes connections that have not heard anything yet, those that are being opened included.
  // So there are few; node zero's pings tell sooner who is silent.
  set("middleman.heartbeat-interval", caf::timespan(timeout));
  set("middleman.connection-timeout", caf::timespan(timeout));
  load<caf::io::middleman>();
  add_node_messages(*this);
  if (!keys)
    return;
  load<caf::openssl::manager>();
  openssl_cafile = keys->authority.string();
  openssl_certificate = keys->certificate.string();
  openssl_key = keys->private_key.string();
}

caf::io::middleman_actor connector_of(caf::actor_system& system) {
  return system.has_openssl_manager() ? system.openssl_manager().actor_handle() : system.middleman().actor_handle();
}

std::uint16_t publish_node(const caf::actor& whom, const listen_address& at) {
  auto& system = whom.home_system();
  const auto port = system.has_openssl_manager() ? caf::openssl::publish(whom, at.port, at.host.c_str(), true)
                                                 : system.middleman().publish(whom, at.port, at.host.c_str(), true);
  if (!port)
    throw node_error("the control address " + to_string(at) + " can't be listened on: " + text_of(port.error()) +
                     ". Is it an address of this machine, and is no other program using it?");
  return *port;
}

bool is_reachable(const listen_address& at, std::chrono::milliseconds patience) {
  const auto found = addresses_of(at, SOCK_STREAM);
  for (const auto* address = found.get(); address != nullptr; address = address->ai_next)
    if (connects(*address, patience))
      return true;
  return false;
}

std::optional<std::string> own_address_towards(const listen_address& host) {
  const auto found = addresses_of(host, SOCK_DGRAM);
  if (!found)
    return {};
  const socket_handle socket(*found);
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  std::array<char, NI_MAXHOST> text{};
  if (connect(socket.number(), found->ai_addr, found->ai_addrlen) != 0 ||
      getsockname(socket.number(), reinterpret_cast<sockaddr*>(&own), &size) != 0 ||
      getnameinfo(reinterpret_cast<const sockaddr*>(&own), size, text.data(), text.size(), nullptr, 0,
                  NI_NUMERICHOST) != 0)
    return {};
  return text.data();
}

} // namespace avp
