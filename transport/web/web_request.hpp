// An HTTP request as a handler gets it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transport/byte_buffer.hpp"

namespace avp {

/// One line of a head.
struct web_header {
  std::string name;
  std::string value;
};

/// A request.
struct web_request {
  std::string method; ///< As sent: "GET", "POST".
  std::string path;   ///< Decoded, without the query: "/v1/models/a b".
  std::vector<web_header> headers;
  byte_buffer body; ///< Empty as long as only the head is here.

  /// The value of the first header of this name, in whatever case; empty where there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;

  /// The body as text.
  [[nodiscard]] std::string_view text() const;
};

} // namespace avp
