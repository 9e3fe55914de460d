// What a responder and its connection share: the answer's bytes on their way from any thread to the server's; used
// inside the room only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "transport/web/web_answer.hpp"
#include "transport/web/web_responder.hpp"

namespace avp {

/// How the request wants its answer.
struct exchange_terms {
  bool http_1_0 = false;  ///< Knows neither chunks nor interim answers.
  bool head_only = false; ///< The body is left out.
  bool keep_alive = true;
  std::uint64_t unsent_bytes = 0;  ///< More of a stream that waits is `full`.
  std::vector<web_header> headers; ///< On every answer.
  web_answer abandoned;            ///< Where nobody answers.
};

/// One request being answered.
class web_exchange : public std::enable_shared_from_this<web_exchange> {
public:
  /// `wake` is called from any thread when there is something to send; not after close().
  web_exchange(exchange_terms terms, std::function<void()> wake);

  /// A responder; when its last copy is gone, the exchange is abandoned.
  [[nodiscard]] web_responder responder();

  // For responders, see there.
  void answer(const web_answer& what);
  void start(const web_stream& what);
  stream_state write(std::string_view piece);
  void end();
  void on_close(std::function<void()> what);
  void on_drain(std::function<void()> what);

  /// What is to be sent; empty when that is nothing now.
  [[nodiscard]] std::string take();

  /// So many bytes of what was taken are on their way.
  void sent(std::uint64_t bytes);

  /// Whether all of the answer has been taken.
  [[nodiscard]] bool is_complete() const;

  /// Whether the connection has to end instead of the answer.
  [[nodiscard]] bool is_broken() const;

  /// Whether the connection may serve another request.
  [[nodiscard]] bool keeps_alive() const { return terms_.keep_alive; }

  /// The peer has nothing more to say: puts something on its way that a peer that is gone refuses.
  void probe();

  /// The peer is gone, or the server ends.
  void close();

private:
  enum class stage : unsigned char { waiting, streaming, over, broken, closed };

  void abandon();
  void push(std::string_view bytes);
  void push_piece(std::string_view piece);
  [[nodiscard]] std::string head_of(int status, const std::string& type, const std::vector<web_header>& headers,
                                    const std::uint64_t* length) const;

  exchange_terms terms_;

  mutable std::mutex mutex_;
  std::function<void()> wake_;
  stage stage_ = stage::waiting;
  std::string queued_;
  std::string probe_;
  std::uint64_t unsent_ = 0; ///< Queued, or taken and not on their way.
  bool woken_ = false;
  bool was_full_ = false;
  std::function<void()> on_close_;
  std::function<void()> on_drain_;
};

} // namespace avp
