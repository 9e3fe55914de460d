// Text between agents whose models cannot share tensors.
#pragma once

#include <string>
#include <string_view>

#include "transport/error.hpp"
#include "transport/handshake/hello.hpp"

namespace avp {

/// JSON fallback message of the protocol.
struct json_message {
  std::string avp_version{feature_version};
  std::string session_id;
  std::string source_agent_id;
  std::string target_agent_id;
  std::string content;
  /// A JSON object, as text; on the wire only when it is not empty.
  std::string extra = "{}";

  bool operator==(const json_message&) const = default;
};

/// Writes a fallback message as JSON.
[[nodiscard]] std::string to_json(const json_message& message);

/// Reads a fallback message; missing fields get their defaults, unknown ones are ignored. Fails with bad_json.
[[nodiscard]] expected<json_message> read_json_message(std::string_view json);

} // namespace avp
