// The engine of one device: takes requests, runs them, answers.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <caf/error.hpp>

#include <avp/gpu/device_config.hpp>
#include <avp/gpu/engine/execution.hpp>

namespace avp {

/// Owned by one thread. Requests run one at a time, in the order in which they came.
class engine {
public:
  using work = std::variant<think, generate>;
  using outcome = std::variant<result, caf::error>;
  using callback = std::function<void(outcome)>;

  /// Loads the models. Throws model_error.
  explicit engine(const device_config& config);

  /// Queues a request; `done` is called exactly once, from step() or cancel().
  void submit(work request, callback done);

  /// Gives up a queued or running request.
  void cancel(request_id id);

  /// Runs at most one forward pass. Returns whether there is more to do.
  bool step();

private:
  struct job {
    work request;
    callback done;
    std::chrono::steady_clock::time_point submitted;
    double queue_ms = 0;
  };

  void start(job& next);
  void finish(outcome with);

  std::map<std::string, std::shared_ptr<loaded_model>> models_; // two names may stand for one model
  std::deque<job> queue_;                                       // the front one is running when running_ has a value
  std::optional<execution> running_;
};

} // namespace avp
