// The end of a task that nobody wants any more.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "gpu/device_actor.hpp"

namespace avp {

/// What the requests of one task have in common: they are given up together. All functions are safe from any thread.
class cancellation {
public:
  /// Has all open requests given up, and every one that is added later.
  void cancel();

  [[nodiscard]] bool is_cancelled() const { return cancelled_; }

  /// A request that its device has been sent.
  void add(request_id id, const device_actor& device);

  /// That request was answered.
  void forget(request_id id);

private:
  std::mutex mutex_;
  std::map<request_id, device_actor> open_;
  std::atomic<bool> cancelled_ = false;
};

} // namespace avp
