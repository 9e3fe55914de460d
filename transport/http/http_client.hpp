// The HTTP binding, asking side.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "transport/error.hpp"
#include "transport/handshake/hello.hpp"
#include "transport/handshake/json_message.hpp"
#include "transport/handshake/session.hpp"
#include "transport/message.hpp"
#include "transport/payload.hpp"

namespace avp {

/// Options of a client.
struct http_client_options {
  std::string url; ///< Such as "http://127.0.0.1:8000", "http://[::1]:8000" or "http://name:8000"; without TLS.
  std::string agent_id = "default";
  std::string token; ///< Sent as a bearer token when not empty.
  std::chrono::seconds timeout{30};
};

/// Talks to one server. Its calls wait for the answer, so they do not belong on an actor's thread; one at a time.
/// Common errors: io_failed (no connection), timed_out, unauthorized (401), rejected (any other status that is no
/// success), bad_json (an answer that is no JSON object), too_large (an answer over 1 MiB).
class http_client {
public:
  /// Makes a client; nothing is connected yet. Fails with invalid_argument for a URL that is none.
  [[nodiscard]] static expected<std::unique_ptr<http_client>> make(http_client_options options);

  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// Greets the server, and resolves how to work with it from what it answers. The session has the server's identifier
  /// where it gave one.
  [[nodiscard]] expected<session> handshake(const hello& local, const resolution_policy& policy = {});

  /// Sends a payload as one message and returns the server's answer, a JSON object as text. Fails like encode() too.
  [[nodiscard]] expected<std::string> transmit(const payload& content, compression level = compression::none);

  /// Sends bytes as they are in place of a message.
  [[nodiscard]] expected<std::string> transmit_bytes(std::span<const std::byte> message);

  /// Sends a text and returns the server's answer, a JSON object as text.
  [[nodiscard]] expected<std::string> send_text(const json_message& message);

  /// Asks whether the server is well.
  [[nodiscard]] expected<void> health();

private:
  class implementation;
  explicit http_client(std::unique_ptr<implementation> made);

  std::unique_ptr<implementation> implementation_;
};

} // namespace avp
