// The HTTP binding, answering side.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <avp/transport/error.hpp>
#include <avp/transport/handshake/hello.hpp>
#include <avp/transport/handshake/json_message.hpp>
#include <avp/transport/message.hpp>
#include <avp/transport/payload.hpp>

namespace avp {

/// Options of a server.
struct http_server_options {
  std::string host = "127.0.0.1";
  int port = 0; ///< 0: the system chooses.
  /// When not empty, every request but GET /health must carry it as a bearer token.
  std::string token;
  /// The longest request body, in bytes; a longer one is answered with 413.
  std::uint64_t max_body_bytes = std::uint64_t{1} << 30;
  /// The longest JSON body of a handshake or a text; parsed JSON takes many times its length.
  std::uint64_t max_text_bytes = std::uint64_t{16} << 20;
  std::chrono::seconds timeout{30}; ///< For reading one request and for writing one answer.
  int threads = 8;                  ///< Requests that are served at a time.
  decode_options decode;
};

/// What the server answers to a hello.
struct handshake_answer {
  std::string agent_id;
  model_identity identity;
  std::string capabilities = "{}"; ///< A JSON object, as text.
  std::string session_id;          ///< Left out when empty.
};

/// Who does the work. Each is called on a thread of the server, several at a time, and may block. Fields to add to the
/// answer come back as a JSON object, as text; an error is answered with 400 and its message.
struct http_handlers {
  /// A payload came. Required.
  std::function<expected<std::string>(payload, const std::string& from_agent)> on_payload;
  /// A text came. Without it the answer is 501.
  std::function<expected<std::string>(const json_message&)> on_text;
  /// An agent greets. Without it the hello is echoed, as the SDK's server does.
  std::function<expected<handshake_answer>(const hello&)> on_hello;
};

/// Serves the four endpoints of the protocol on threads of its own.
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
