// The reading thread.
#include "runtime/run/record_feed.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "gpu/thrown.hpp"

namespace avp {

struct record_feed::state {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t wanted = 0;
  bool closed = false;
};

namespace {

// May block for as long as standard input does.
fed_item taken(const record_feed::source& next) {
  try {
    return next();
  } catch (...) {
    return "the input can't be read on: " + text_of(std::current_exception());
  }
}

} // namespace

record_feed::record_feed(source next, receiver receive) : state_(std::make_shared<state>()) {
  std::thread([shared = state_, next = std::move(next), receive = std::move(receive)] {
    for (bool more = true; more;) {
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(lock, [&] { return shared->closed || shared->wanted > 0; });
      if (shared->closed)
        return;
      --shared->wanted;
      lock.unlock();
      auto item = taken(next);
      const auto* one = std::get_if<std::optional<input_item>>(&item);
      more = one != nullptr && one->has_value();
      lock.lock();
      if (!shared->closed)
        receive(std::move(item));
    }
  }).detach();
}

record_feed::~record_feed() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->changed.notify_all();
}

void record_feed::want() {
  const std::lock_guard lock(state_->mutex);
  ++state_->wanted;
  state_->changed.notify_all();
}

} // namespace avp
