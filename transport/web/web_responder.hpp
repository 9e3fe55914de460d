// Answers one HTTP request, now or later.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "transport/web/web_answer.hpp"

namespace avp {

class web_exchange;

/// Answers one request, from any thread, whole or as a stream; it may be kept and copied. A request whose responders
/// are all gone without an answer is answered with 500; a stream without an end breaks off with the connection. After
/// the server's end, calls do nothing.
class web_responder {
public:
  explicit web_responder(std::shared_ptr<web_exchange> exchange);

  /// Answers whole. Ignored where an answer was given or a stream began.
  void answer(web_answer what) const;

  /// Begins a stream. Ignored where an answer was given or a stream began.
  void start(const web_stream& what) const;

  /// Sends a piece of the stream. It is taken in any case but `gone`, so memory is the writer's to bound.
  [[nodiscard]] stream_state write(std::string_view piece) const;

  /// Ends the stream.
  void end() const;

  /// Has `what` called once when the peer goes away, or the server ends, before the answer is on its way; at once where
  /// that has happened. Never after the answer was given whole or the stream ended. Called on the server's thread; must
  /// not block.
  void on_close(std::function<void()> what) const;

  /// Has `what` called whenever a stream that was full has room again. As on_close().
  void on_drain(std::function<void()> what) const;

private:
  std::shared_ptr<web_exchange> exchange_;
};

} // namespace avp
