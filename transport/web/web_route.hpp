// What an HTTP server answers at a path.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "transport/web/web_request.hpp"
#include "transport/web/web_responder.hpp"

namespace avp {

/// What is answered where. GET answers HEAD as well.
struct web_route {
  std::string method; ///< "GET", "POST".
  std::string path;   ///< "/metrics"; one that ends with a slash ("/v1/models/") takes all that lies under it.
  /// Answers now, or keeps the responder. Called on the server's thread, where it must not block, unless `may_block`.
  std::function<void(web_request, web_responder)> handle;
  std::uint64_t max_body_bytes = 64 * 1024; ///< A longer body is answered with 413.
  bool may_block = false;                   ///< Whether `handle` is called on one of the handler threads.
};

} // namespace avp
