// What answers an HTTP request: whole, or piece by piece.
#pragma once

#include <string>
#include <vector>

#include "transport/web/web_request.hpp"

namespace avp {

/// A whole answer.
struct web_answer {
  int status = 200;
  std::string body;
  std::string type = "text/plain; charset=utf-8";
  std::vector<web_header>
      headers; ///< Further ones. Lengths, dates and what concerns the connection come by themselves.
};

/// How an answer begins whose end is not known yet.
struct web_stream {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::vector<web_header> headers; ///< As in web_answer.
  /// What may be sent between two pieces without a meaning, such as ":\n\n" in an event stream. With it the server
  /// finds out at once whether a peer that has nothing more to say still listens; without it, with the next piece.
  std::string probe;
};

/// What has become of a stream.
enum class stream_state : unsigned char {
  open,
  full, ///< Much waits for a slow peer: better wait for on_drain() with the next piece.
  gone  ///< Nobody reads it any more.
};

} // namespace avp
