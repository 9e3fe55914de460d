// The end of a task that nobody wants any more.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include "gpu/device_actor.hpp"

namespace avp {

/// What is under way for one task: it is given up together. All functions are safe from any thread.
class cancellation {
public:
  /// Has all open requests given up, and every one that is added later.
  void cancel();

  [[nodiscard]] bool is_cancelled() const { return cancelled_; }

  /// A request that its device has been sent.
  void add(request_id id, const device_actor& device);

  /// Something else that is under way. `give_up` is called at most once, on the thread that cancels.
  void add(request_id id, std::function<void()> give_up);

  /// That is over.
  void forget(request_id id);

private:
  std::mutex mutex_;
  std::map<request_id, std::function<void()>> open_;
  std::atomic<bool> cancelled_ = false;
};

} // namespace avp
