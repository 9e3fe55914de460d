// What the HTTP binding answers, without sockets; used inside the room only.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "transport/http/http_handlers.hpp"
#include "transport/message.hpp"

namespace avp::http {

/// An answer: status and JSON body.
struct answer {
  int status = 200;
  std::string body;
};

/// Answers a handshake.
[[nodiscard]] answer answer_hello(std::string_view body, const http_handlers& handlers);

/// Answers a message; `owner` keeps its bytes alive.
[[nodiscard]] answer answer_message(std::span<const std::byte> body, std::shared_ptr<const void> owner,
                                    const std::string& from_agent, const http_handlers& handlers,
                                    const decode_options& options);

/// Answers a text.
[[nodiscard]] answer answer_text(std::string_view body, const http_handlers& handlers);

/// {"success": false, "message": …}
[[nodiscard]] answer refusal(int status, std::string_view message);

} // namespace avp::http
