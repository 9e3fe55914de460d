// Plain TCP sockets, to say to the room's servers and clients what no honest peer would.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace avp::test {

/// Whether this machine has the loopback address of IPv6.
inline bool has_ipv6() {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 where{};
  where.sin6_family = AF_INET6;
  where.sin6_addr = in6addr_loopback;
  const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
  if (fd >= 0)
    close(fd);
  return bound;
}

/// A TCP socket on the loopback interface.
class raw_socket {
public:
  /// Connects to a port.
  static raw_socket connect(int port) {
    raw_socket made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto where = address(port);
    if (::connect(made.fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
      throw std::runtime_error("cannot connect");
    const timeval limit{10, 0};
    setsockopt(made.fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return made;
  }

  /// Listens on a port that the system chooses.
  static raw_socket listen() {
    raw_socket made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto where = address(0);
    if (::bind(made.fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 || ::listen(made.fd_, 16) != 0)
      throw std::runtime_error("cannot listen");
    return made;
  }

  explicit raw_socket(int fd) : fd_(fd) {}
  raw_socket(raw_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  raw_socket& operator=(raw_socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~raw_socket() {
    if (fd_ >= 0)
      close(fd_);
  }

  [[nodiscard]] int port() const {
    sockaddr_in where{};
    socklen_t length = sizeof where;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &length);
    return ntohs(where.sin_port);
  }

  [[nodiscard]] raw_socket accept() const { return raw_socket(::accept(fd_, nullptr, nullptr)); }

  /// Sends all bytes; false when the peer does not want them any more.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Receives what is there, at most 64 KiB; empty at the end.
  [[nodiscard]] std::string receive() const {
    std::string bytes(65536, '\0');
    const auto got = recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

  /// Receives until a text has come, or the end.
  [[nodiscard]] std::string receive_until(std::string_view text) const {
    std::string bytes;
    while (bytes.find(text) == std::string::npos) {
      const auto more = receive();
      if (more.empty())
        break;
      bytes += more;
    }
    return bytes;
  }

  /// Receives until the end.
  [[nodiscard]] std::string receive_all() const { return receive_until("\1\2 never sent \3"); }

  /// Says nothing more, and goes on listening.
  void finish_sending() const { shutdown(fd_, SHUT_WR); }

  /// Ends the connection with a reset instead of a farewell.
  void reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(std::exchange(fd_, -1));
  }

  [[nodiscard]] int fd() const { return fd_; }

private:
  static sockaddr_in address(int port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return where;
  }

  int fd_;
};

} // namespace avp::test
