// The HTTP server that everything here stands on: metrics, the protocol's binding, what a program adds.
#pragma once

#include <chrono>
#include <memory>

#include "transport/error.hpp"
#include "transport/tcp_address.hpp"
#include "transport/web/web_options.hpp"

namespace avp {

/// Serves on one thread (and those of the handlers) any number of connections: HTTP/1.1 and 1.0 without TLS.
class web_server {
public:
  /// Binds and starts. Fails with io_failed when the address cannot be bound.
  [[nodiscard]] static expected<std::unique_ptr<web_server>> start(web_options options);

  /// As stop() without patience.
  ~web_server();
  web_server(const web_server&) = delete;
  web_server& operator=(const web_server&) = delete;

  /// Where it listens, with the port that was bound.
  [[nodiscard]] const tcp_address& address() const;

  /// Ends: new requests are answered with 503, those that are being answered have `patience` to be; then all
  /// connections are closed, and handlers that still run are waited for. Must not be called by a handler.
  void stop(std::chrono::milliseconds patience);

private:
  class implementation;
  explicit web_server(std::unique_ptr<implementation> running);

  std::unique_ptr<implementation> implementation_;
};

} // namespace avp
