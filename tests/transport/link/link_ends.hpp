// Both ends of a link, for tests.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "transport/link/payload_receiver.hpp"
#include "transport/link/payload_sender.hpp"

namespace avp::test {

/// Collects what comes from other threads, and waits for it.
template <class T>
class collector {
public:
  void add(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }

  bool wait_for(std::size_t count, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return values_.size() >= count; });
  }

  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

  std::vector<T> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(values_, {});
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

/// What a receiver was given, and whom it lost.
struct received {
  collector<received_payload> payloads;
  collector<std::pair<link_peer, error>> lost;

  receiver_handlers handlers() {
    return {[this](received_payload p) { payloads.add(std::move(p)); },
            [this](const link_peer& who, const error& why) {
              lost.add({who, why});
            }};
  }
};

/// Options with which a test does not wait long.
inline receiver_options quick_receiver(std::string endpoint = "tcp://127.0.0.1:*") {
  receiver_options options;
  options.endpoint = std::move(endpoint);
  options.heartbeat = std::chrono::milliseconds(50);
  options.peer_timeout = std::chrono::milliseconds(1000);
  return options;
}

inline sender_options quick_sender(std::string endpoint) {
  sender_options options;
  options.endpoint = std::move(endpoint);
  options.name = "sender";
  options.heartbeat = std::chrono::milliseconds(50);
  options.peer_timeout = std::chrono::milliseconds(1000);
  return options;
}

/// What became of what was sent.
using results = collector<expected<send_receipt>>;

inline send_handler into(results& r) {
  return [&r](expected<send_receipt> result) { r.add(std::move(result)); };
}

/// The error of the one thing that was sent; none where it arrived.
inline errc only_error(results& r) {
  const auto all = r.take();
  return all.size() == 1 && !all[0] ? all[0].error().code : errc{};
}

} // namespace avp::test
