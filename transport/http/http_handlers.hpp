// Who does the work behind the HTTP binding.
#pragma once

#include <functional>
#include <string>

#include "transport/error.hpp"
#include "transport/handshake/hello.hpp"
#include "transport/handshake/json_message.hpp"
#include "transport/payload.hpp"

namespace avp {

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

} // namespace avp
