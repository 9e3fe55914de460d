// The queue: a bounded list of tasks in front of the pipelines.
#include "runtime/serve/ask_queue.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"
#include "runtime/text/words.hpp"

namespace avp {

namespace {

using request_pointer = std::shared_ptr<queued_request>;

class queue_state {
public:
  explicit queue_state(ask_queue::pointer self) : self_(self) {}

  void start(queue_config config);
  void take(const request_pointer& request);
  void leave(std::uint64_t number);
  void look_around();

  static inline const char* name = "ask_queue";

private:
  /// One choice of a request.
  struct queued_task {
    request_pointer request;
    std::size_t choice = 0;
  };

  [[nodiscard]] bool refuse(const queued_request& request) const;
  void begin_waiting();
  void begin(const queued_task& task);
  void done(std::uint64_t place, task_result result);
  void forget(const request_pointer& request);
  void lose(const caf::down_msg& down);
  void tell_counts();

  ask_queue::pointer self_;
  queue_config config_;
  std::map<std::uint64_t, request_pointer> requests_; // that are not over, by number
  std::deque<queued_task> waiting_;
  std::map<std::uint64_t, queued_task> running_; // by place
  std::uint64_t next_place_ = 0;
};

using queue_pointer = ask_queue::stateful_pointer<queue_state>;

void queue_state::start(queue_config config) {
  config_ = std::move(config);
  for (const auto& pipeline : config_.pipelines) {
    self_->monitor(pipeline);
    self_->request(pipeline, caf::infinite, when_broken{})
        .then([this](const pipeline_broken& broken) { config_.on_broken(broken.why); },
              [this](const caf::error& error) { config_.on_broken(failure_of(error)); });
  }
  self_->set_down_handler([this](const caf::down_msg& down) { lose(down); });
  self_->delayed_send(self_, config_.tick, avp::look_around{});
}

bool queue_state::refuse(const queued_request& request) const {
  const auto& limits = config_.limits;
  const auto all = limits.running + limits.waiting;
  if (request.tasks.size() > all)
    request.answer->fail({.message = "n: this request is for " + counted(request.tasks.size(), "answer") +
                                     " (n to each prompt), and this server takes " + std::to_string(all) + " at a time",
                          .param = "n"});
  else if (running_.size() + waiting_.size() + request.tasks.size() > all)
    request.answer->fail({.status = 429,
                          .message = "The queue is full: " + counted(running_.size(), "task") + " under way and " +
                                     std::to_string(waiting_.size()) + " waiting; try again later.",
                          .code = "queue_full",
                          .headers = {{"Retry-After", "1"}}});
  else
    return false;
  return true;
}

void queue_state::take(const request_pointer& request) {
  if (refuse(*request))
    return;
  requests_[request->number] = request;
  for (std::size_t choice = 0; choice < request->tasks.size(); ++choice)
    waiting_.push_back({request, choice});
  begin_waiting();
}

void queue_state::begin_waiting() {
  while (!waiting_.empty() && running_.size() < config_.limits.running) {
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    begin(next);
  }
  tell_counts();
}

void queue_state::begin(const queued_task& task) {
  const auto& [request, choice] = task;
  const auto place = next_place_++;
  running_[place] = task;
  request->answer->note_begin();
  auto input = request->tasks.task(choice);
  input.place = place;
  input.on_text = [answer = request->answer, choice = choice](std::string_view words) { answer->add(choice, words); };
  self_->request(request->asked, caf::infinite, std::move(input))
      .then([this, place](task_result& result) { done(place, std::move(result)); },
            [this, place](const caf::error& error) {
              task_result failed;
              failed.fail(failure_of(error));
              done(place, std::move(failed));
            });
}

void queue_state::done(std::uint64_t place, task_result result) {
  const auto found = running_.extract(place);
  if (found.empty()) // of a pipeline that is gone
    return;
  const auto& ended = found.mapped();
  const auto request = ended.request;
  request->answer->finish(ended.choice, std::move(result));
  if (request->answer->is_over())
    forget(request);
  begin_waiting();
}

// Its other choices are for nobody any more. Those that run are over when the pipeline says so.
void queue_state::forget(const request_pointer& request) {
  if (requests_.erase(request->number) == 0)
    return;
  std::erase_if(waiting_, [&](const auto& task) { return task.request == request; });
  for (const auto& [place, task] : running_)
    if (task.request == request)
      self_->send(request->asked, cancel_task{place});
}

// A pipeline ended without a word. What it was asked is answered by nobody else.
void queue_state::lose(const caf::down_msg& down) {
  const auto why = failure_of(down.reason);
  config_.on_broken(why);
  std::vector<request_pointer> lost;
  for (const auto& [number, request] : requests_)
    if (request->asked.address() == down.source)
      lost.push_back(request);
  for (const auto& request : lost) {
    request->answer->fail(error_of(why));
    forget(request);
  }
  std::erase_if(running_, [&](const auto& task) { return task.second.request->asked.address() == down.source; });
  begin_waiting();
}

void queue_state::leave(std::uint64_t number) {
  const auto found = requests_.find(number);
  if (found == requests_.end())
    return;
  const auto request = found->second;
  request->answer->drop();
  forget(request);
  begin_waiting();
}

void queue_state::look_around() {
  const auto now = open_answer::clock::now();
  for (const auto& [number, request] : requests_)
    request->answer->tick(now);
  self_->delayed_send(self_, config_.tick, avp::look_around{});
}

void queue_state::tell_counts() {
  config_.log->set_running(static_cast<std::int64_t>(running_.size()));
  config_.log->set_waiting(static_cast<std::int64_t>(waiting_.size()));
}

ask_queue::behavior_type queue_behavior(queue_pointer self, const std::shared_ptr<queue_config>& config) {
  end_by_what_is_thrown(self);
  self->state.start(std::move(*config));
  return {
      [self](take_request& asked) { self->state.take(asked.request); },
      [self](const client_left& left) { self->state.leave(left.number); },
      [self](look_around) { self->state.look_around(); },
  };
}

} // namespace

ask_queue start_queue(caf::actor_system& system, queue_config config) {
  return system.spawn(queue_behavior, std::make_shared<queue_config>(std::move(config)));
}

} // namespace avp
