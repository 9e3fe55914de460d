// What the connections of a server share: its thread's event loop, its limits and counts; used inside the room only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>

#include <boost/asio/io_context.hpp>

#include "transport/web/web_options.hpp"

namespace avp {

class web_connection;

/// Belongs to the server's thread.
struct web_loop {
  using clock = std::chrono::steady_clock;

  explicit web_loop(web_options given) : options(std::move(given)) {}

  /// A refusal as the server's owner wants it.
  [[nodiscard]] web_answer refusal(int status, const std::string& message) const {
    return options.refusal ? options.refusal(status, message) : web_answer{.status = status, .body = message + "\n"};
  }

  const web_options options;
  boost::asio::io_context context{1};
  std::set<std::shared_ptr<web_connection>> connections;
  std::size_t turned_away = 0;       ///< Of the connections: those over the limit, which get a 503 and nothing else.
  std::uint64_t body_bytes = 0;      ///< Of requests that have no answer yet.
  bool leaving = false;              ///< New requests are refused.
  std::array<char, 64 * 1024> input; ///< Where each connection reads in its turn.
  std::function<void(const web_route&, web_request, web_responder)> call; ///< A handler, on a thread where it may run.
};

} // namespace avp
