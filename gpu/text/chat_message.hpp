// One message of a conversation with a model.
#pragma once

#include <string>

namespace avp {

/// What someone says. Compares equal when both parts do.
struct chat_message {
  std::string role;    ///< "system", "user" or "assistant".
  std::string content; ///< The text, as it is.

  bool operator==(const chat_message&) const = default;
};

} // namespace avp
