// What whole answers and streams have in common, and the whole ones.
#include "runtime/serve/open_answer.hpp"

#include <utility>

namespace avp {

namespace {

constexpr int client_is_gone = 499;

class whole_answer : public open_answer {
public:
  using open_answer::open_answer;

private:
  void tell_words(std::size_t /*choice*/, std::string_view /*words*/) override {}
  void tell_end(std::size_t /*choice*/, const task_result& /*result*/) override {}
  void tell_error(const api_error& why) override { responder().answer(to_answer(why)); }
  void tell_all(const std::vector<task_result>& results) override {
    responder().answer({.body = whole_answer_of(head(), results), .type = "application/json"});
  }
  void tell_time(clock::time_point /*now*/) override {}
};

double ms_since(open_answer::clock::time_point then) {
  return std::chrono::duration<double, std::milli>(open_answer::clock::now() - then).count();
}

} // namespace

open_answer::open_answer(answer_head head, std::size_t choices, web_responder responder, request_record_line line,
                         std::shared_ptr<request_log> log)
    : head_(std::move(head)),
      responder_(std::move(responder)),
      log_(std::move(log)),
      line_(std::move(line)),
      results_(choices),
      open_(choices) {}

void open_answer::add(std::size_t choice, std::string_view words) {
  const std::lock_guard lock(mutex_);
  if (!is_over_)
    tell_words(choice, words);
}

void open_answer::finish(std::size_t choice, task_result result) {
  if (!result.ok()) {
    auto why = error_of({result.error_code.value_or(error_code::internal), result.error});
    if (result.error_code == error_code::context_too_long)
      why.param = head_.kind == api_kind::chat ? "messages" : "prompt";
    return fail(why);
  }
  const std::lock_guard lock(mutex_);
  if (is_over_)
    return;
  results_.at(choice) = std::move(result);
  --open_;
  tell_end(choice, results_[choice]);
  if (open_ > 0)
    return;
  tell_all(results_);
  end(200, "");
}

void open_answer::fail(const api_error& why) {
  const std::lock_guard lock(mutex_);
  if (is_over_)
    return;
  tell_error(why);
  end(why.status, why.message);
}

void open_answer::drop() {
  const std::lock_guard lock(mutex_);
  if (!is_over_)
    end(client_is_gone, "the client went away");
}

void open_answer::note_begin() {
  const std::lock_guard lock(mutex_);
  if (line_.queue_ms == 0)
    line_.queue_ms = ms_since(arrived_);
}

void open_answer::tick(clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (!is_over_)
    tell_time(now);
}

bool open_answer::is_over() const {
  const std::lock_guard lock(mutex_);
  return is_over_;
}

// Called with the lock.
void open_answer::end(int status, const std::string& error) {
  is_over_ = true;
  line_.status = status;
  line_.error = error;
  line_.ms = ms_since(arrived_);
  log_->add(line_, open_ == 0 ? results_ : std::vector<task_result>());
}

std::shared_ptr<open_answer> open_whole_answer(answer_head head, std::size_t choices, web_responder responder,
                                               request_record_line line, std::shared_ptr<request_log> log) {
  return std::make_shared<whole_answer>(std::move(head), choices, std::move(responder), std::move(line),
                                        std::move(log));
}

} // namespace avp
