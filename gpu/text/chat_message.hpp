// One message of a conversation with a model.
#pragma once

#include <string>

#include "gpu/text/marked_text.hpp"

namespace avp {

/// What someone says. Compares equal when both parts do.
struct chat_message {
  std::string role;    ///< "system", "user" or "assistant".
  marked_text content; ///< The text, as it is; a plain string is data.

  bool operator==(const chat_message&) const = default;
};

} // namespace avp
