// What an HTTP server answers, and what it lets strangers take.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "transport/tcp_address.hpp"
#include "transport/web/web_answer.hpp"
#include "transport/web/web_request.hpp"
#include "transport/web/web_route.hpp"

namespace avp {

/// What strangers may take.
struct web_limits {
  /// At a time. With one more, the connection that has been idle longest is closed; where none is idle, the new one is
  /// answered with 503.
  std::size_t connections = 1024;
  std::uint32_t head_bytes = 16 * 1024;                           ///< A longer head is answered with 431.
  std::uint64_t all_body_bytes = std::uint64_t{4} << 30;          ///< Of all requests at a time; over it, 503.
  std::uint64_t unsent_bytes = 256 * 1024;                        ///< Of a stream; with more it is full.
  std::chrono::milliseconds head_time = std::chrono::seconds(10); ///< From a head's first byte to its last.
  std::chrono::milliseconds idle_time = std::chrono::seconds(60); ///< Between two requests of a connection.
  /// Without one byte of a body having come, or without one byte of an answer having been taken. And it is what a body
  /// may take beyond the time that it takes at `slowest` bytes a second.
  std::chrono::milliseconds transfer_time = std::chrono::seconds(30);
  std::uint64_t slowest = 1024;
};

/// Options of a server.
struct web_options {
  tcp_address address; ///< A name is listened on at all of its addresses.
  std::vector<web_route> routes;
  web_limits limits;
  unsigned handler_threads = 1; ///< For routes whose handlers may block; a further request of theirs waits.
  /// Looks at a request's head before its route is sought and its body read; an answer that it gives goes out instead.
  std::function<std::optional<web_answer>(const web_request&)> check;
  /// How what the server itself refuses is said: 400, 404, 405, 408, 413, 417, 431, 500, 501, 503, 505.
  std::function<web_answer(int status, const std::string& message)> refusal;
  std::vector<web_header> headers; ///< On every answer.
};

} // namespace avp
