// The HTTP binding, answering side.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "transport/error.hpp"
#include "transport/http/http_handlers.hpp"
#include "transport/message.hpp"

namespace avp {

/// Options of a server.
struct http_server_options {
  std::string host = "127.0.0.1"; ///< As in tcp_address: a name, an address without brackets, or "*".
  int port = 0;                   ///< 0: the system chooses.
  /// When not empty, every request but GET /health must carry it as a bearer token.
  std::string token;
  /// The longest request body, in bytes; a longer one is answered with 413.
  std::uint64_t max_body_bytes = std::uint64_t{1} << 30;
  /// The longest JSON body of a handshake or a text; parsed JSON takes many times its length.
  std::uint64_t max_text_bytes = std::uint64_t{16} << 20;
  /// For reading a request's head, for the next bytes of its body, for those of an answer to be taken, and at the end
  /// for the requests that are being served.
  std::chrono::seconds timeout{30};
  int threads = 8; ///< Requests whose handlers run at a time; connections that wait take none.
  decode_options decode;
};

/// Serves the four endpoints of the protocol on threads of its own (web/web_server.hpp).
class http_server {
public:
  /// Binds and starts. Fails with invalid_argument without on_payload, with io_failed when the address cannot be bound.
  [[nodiscard]] static expected<std::unique_ptr<http_server>> start(http_server_options options,
                                                                    http_handlers handlers);

  /// Stops, after the requests that are being served.
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// The port that was bound.
  [[nodiscard]] int port() const;

private:
  class implementation;
  explicit http_server(std::unique_ptr<implementation> running);

  std::unique_ptr<implementation> implementation_;
};

} // namespace avp
