// A request of a client that is being worked on, and its answer on the way.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/results/task_result.hpp"
#include "runtime/serve/answer_json.hpp"
#include "runtime/serve/api_error.hpp"
#include "runtime/serve/request_log.hpp"
#include "transport/web/web_responder.hpp"

namespace avp {

/// How often a stream that is silent says something, so that nobody on the way takes it for dead.
struct silence_limits {
  std::chrono::milliseconds before_start = std::chrono::milliseconds(100); ///< Until a stream begins in any case.
  std::chrono::milliseconds comment = std::chrono::seconds(10);            ///< Proxies cut silent connections off.
  std::chrono::milliseconds chunk = std::chrono::seconds(60); ///< Clients that do not count comments give up.
};

/// Takes what comes of the choices of a request and tells it, whole or as a stream. All functions may be called from
/// any thread; after the end they do nothing.
class open_answer {
public:
  using clock = std::chrono::steady_clock;

  open_answer(answer_head head, std::size_t choices, web_responder responder, request_record_line line,
              std::shared_ptr<request_log> log);
  open_answer(const open_answer&) = delete;
  open_answer& operator=(const open_answer&) = delete;
  virtual ~open_answer() = default;

  /// Words of a choice, as they come.
  void add(std::size_t choice, std::string_view words);

  /// A choice is complete, or failed, and with it the request.
  void finish(std::size_t choice, task_result result);

  /// The request can't be answered.
  void fail(const api_error& why);

  /// The client is gone.
  void drop();

  /// Its first task begins.
  void note_begin();

  /// Time passes: a stream begins or says that it is alive.
  void tick(clock::time_point now);

  /// Whether all was said.
  [[nodiscard]] bool is_over() const;

protected:
  virtual void tell_words(std::size_t choice, std::string_view words) = 0;
  virtual void tell_end(std::size_t choice, const task_result& result) = 0;
  virtual void tell_error(const api_error& why) = 0;
  virtual void tell_all(const std::vector<task_result>& results) = 0;
  virtual void tell_time(clock::time_point now) = 0;

  [[nodiscard]] const answer_head& head() const { return head_; }
  [[nodiscard]] std::size_t choices() const { return results_.size(); }
  [[nodiscard]] const web_responder& responder() const { return responder_; }

  /// Held while a tell_… is called.
  [[nodiscard]] std::mutex& mutex() const { return mutex_; }

private:
  void end(int status, const std::string& error);

  const answer_head head_;
  const web_responder responder_;
  const std::shared_ptr<request_log> log_;
  const clock::time_point arrived_ = clock::now();

  mutable std::mutex mutex_;
  request_record_line line_;
  std::vector<task_result> results_;
  std::size_t open_; // choices that are not complete
  bool is_over_ = false;
};

/// Answers once all choices are complete.
[[nodiscard]] std::shared_ptr<open_answer> open_whole_answer(answer_head head, std::size_t choices,
                                                             web_responder responder, request_record_line line,
                                                             std::shared_ptr<request_log> log);

/// Answers with a stream of events. The status is that of an error where one comes within silence.before_start.
[[nodiscard]] std::shared_ptr<open_answer> open_streamed_answer(answer_head head, std::size_t choices, bool with_usage,
                                                                web_responder responder, request_record_line line,
                                                                std::shared_ptr<request_log> log,
                                                                const silence_limits& silence);

} // namespace avp
