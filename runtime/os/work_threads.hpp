// Threads for work that takes seconds and would hold up an actor.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace avp {

/// Some threads, which do what is added, in that order.
class work_threads {
public:
  explicit work_threads(unsigned count);
  work_threads(const work_threads&) = delete;
  work_threads& operator=(const work_threads&) = delete;

  /// Drops what has not begun and waits for what has.
  ~work_threads() = default;

  /// Adds work, which must not throw.
  void add(std::function<void()> work);

private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::jthread> threads_; ///< Last, so that they end first.
};

} // namespace avp
