// A queue and those who take from it.
#include <algorithm>
#include <utility>

#include <avp/runtime/os/work_threads.hpp>

namespace avp {

work_threads::work_threads() {
  const auto count = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

void work_threads::add(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(work));
  changed_.notify_one();
}

void work_threads::run(const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested())
      return;
    const auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
  }
}

} // namespace avp
