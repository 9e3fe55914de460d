// The last events of a device.
#include "runtime/node/device_log.hpp"

#include <algorithm>
#include <utility>

namespace avp {

namespace {

// Runs ask about once a second, and a step takes a millisecond or more.
constexpr std::size_t most_events = 8192;

} // namespace

void device_log::on_step(const step_record& step, const device_counters& counters) {
  monitor_.on_step(step, counters);
  keep(traced_step{0, step, counters.blocks_used, counters.blocks_shared, counters.blocks_cached});
}

void device_log::on_request(const request_record& request, const device_counters& counters) {
  monitor_.on_request(request, counters);
  keep(request);
}

void device_log::keep(device_event event) {
  const std::lock_guard lock(guard_);
  events_.push_back(std::move(event));
  ++next_;
  if (events_.size() > most_events)
    events_.pop_front();
}

std::uint64_t device_log::next() const {
  const std::lock_guard lock(guard_);
  return next_;
}

std::vector<device_event> device_log::take_since(std::uint64_t& next) const {
  const std::lock_guard lock(guard_);
  const auto wanted = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(next_ - next, events_.size()));
  next = next_;
  return {events_.end() - wanted, events_.end()};
}

} // namespace avp
