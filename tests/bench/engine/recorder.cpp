// What a device tells of itself, remembered.
#include "tests/bench/engine/recorder.hpp"

#include <algorithm>
#include <stdexcept>

namespace avp::bench {

void recorder::note(const device_counters& counters) {
  counters_ = counters;
  most_blocks_used_ = std::max(most_blocks_used_, counters.blocks_used);
}

void recorder::on_step(const step_record& step, const device_counters& counters) {
  const std::lock_guard lock(mutex_);
  note(counters);
  if (keep_)
    steps_.push_back(step);
}

void recorder::on_request(const request_record& request, const device_counters& counters) {
  const std::lock_guard lock(mutex_);
  note(counters);
  if (keep_)
    requests_.push_back({request, counters});
  more_.notify_all();
}

device_counters recorder::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

std::int64_t recorder::most_blocks_used() const {
  const std::lock_guard lock(mutex_);
  return most_blocks_used_;
}

void recorder::clear() {
  const std::lock_guard lock(mutex_);
  steps_.clear();
  requests_.clear();
}

std::vector<step_record> recorder::steps() const {
  const std::lock_guard lock(mutex_);
  return steps_;
}

std::vector<finished_request> recorder::requests(std::size_t at_least) {
  std::unique_lock lock(mutex_);
  if (!more_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= at_least; }))
    throw std::runtime_error("the device told of " + std::to_string(requests_.size()) + " requests, expected " +
                             std::to_string(at_least));
  return requests_;
}

} // namespace avp::bench
