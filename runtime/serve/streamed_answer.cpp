// Answers as server-sent events.
#include <utility>

#include "runtime/serve/open_answer.hpp"

namespace avp {

namespace {

class streamed_answer : public open_answer, public std::enable_shared_from_this<streamed_answer> {
public:
  streamed_answer(const answer_head& head, std::size_t choices, bool with_usage, web_responder responder,
                  request_record_line line, std::shared_ptr<request_log> log, const silence_limits& silence)
      : open_answer(head, choices, std::move(responder), std::move(line), std::move(log)),
        events_(head),
        with_usage_(with_usage),
        silence_(silence),
        told_(choices),
        waiting_(choices) {}

private:
  void tell_words(std::size_t choice, std::string_view words) override {
    if (words.empty())
      return;
    begin();
    told_[choice] += words;
    waiting_[choice] += words;
    if (!is_full_)
      flush(choice);
  }

  // An agent that does not stream has said nothing so far.
  void tell_end(std::size_t choice, const task_result& result) override {
    begin();
    if (const std::string_view whole = result.text; whole.starts_with(told_[choice]))
      waiting_[choice] += whole.substr(told_[choice].size());
    flush(choice);
    ended_.push_back(choice);
    if (ended_.size() < choices()) // the last one's has the details, and comes when all results are there
      send(events_.end(choice, result));
  }

  void tell_all(const std::vector<task_result>& results) override {
    send(events_.end(ended_.back(), results[ended_.back()], &results));
    if (with_usage_)
      send(events_.usage(results));
    send(answer_events::done());
    responder().end();
  }

  void tell_error(const api_error& why) override {
    if (!has_begun_)
      return responder().answer(to_answer(why));
    send("data: " + json_text(to_json(why)) + "\n\n");
    responder().end();
  }

  void tell_time(clock::time_point now) override {
    if (!has_begun_) {
      if (now - opened_ >= silence_.before_start)
        begin();
      return;
    }
    if (is_full_) // it has enough to read
      return;
    if (now - last_chunk_ >= silence_.chunk)
      for (std::size_t choice = 0; choice < choices(); ++choice)
        send(events_.words(choice, ""));
    else if (now - last_byte_ >= silence_.comment)
      send_comment();
  }

  void begin() {
    if (std::exchange(has_begun_, true))
      return;
    responder().start({.type = "text/event-stream; charset=utf-8",
                       .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}},
                       .probe = ": probe\n\n"});
    responder().on_drain([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->drain();
    });
    for (std::size_t choice = 0; choice < choices(); ++choice)
      send(events_.begin(choice));
  }

  void flush(std::size_t choice) {
    if (const auto words = std::exchange(waiting_[choice], {}); !words.empty())
      send(events_.words(choice, words));
  }

  void drain() {
    const std::lock_guard lock(mutex());
    is_full_ = false;
    for (std::size_t choice = 0; choice < choices() && !is_full_; ++choice)
      flush(choice);
  }

  void send(const std::string& event) {
    last_chunk_ = last_byte_ = clock::now();
    is_full_ = responder().write(event) == stream_state::full;
  }

  void send_comment() {
    last_byte_ = clock::now();
    is_full_ = responder().write(": keep-alive\n\n") == stream_state::full;
  }

  const answer_events events_;
  const bool with_usage_;
  const silence_limits silence_;
  const clock::time_point opened_ = clock::now();
  bool has_begun_ = false;
  bool is_full_ = false; // words wait here until the client has read what is under way
  clock::time_point last_chunk_{};
  clock::time_point last_byte_{};
  std::vector<std::string> told_;    // of each choice
  std::vector<std::string> waiting_; // of that, what was not sent
  std::vector<std::size_t> ended_;
};

} // namespace

std::shared_ptr<open_answer> open_streamed_answer(answer_head head, std::size_t choices, bool with_usage,
                                                  web_responder responder, request_record_line line,
                                                  std::shared_ptr<request_log> log, const silence_limits& silence) {
  return std::make_shared<streamed_answer>(head, choices, with_usage, std::move(responder), std::move(line),
                                           std::move(log), silence);
}

} // namespace avp
