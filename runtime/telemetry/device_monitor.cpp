// Keeping the last counters and the largest ones.
#include "runtime/telemetry/device_monitor.hpp"

#include <algorithm>

namespace avp {

device_monitor::device_monitor(std::string device, std::shared_ptr<trace_file> trace) : trace_(std::move(trace)) {
  totals_.device = std::move(device);
  if (trace_)
    place_in_trace_ = trace_->add_device(totals_.device);
}

void device_monitor::on_load(const load_record& loaded) {
  const std::lock_guard lock(mutex_);
  formats_[loaded.model] = loaded.format;
}

void device_monitor::on_step(const step_record& step, const device_counters& counters) {
  note(counters);
  if (trace_)
    trace_->add(place_in_trace_, step, counters);
}

void device_monitor::on_request(const request_record& request, const device_counters& counters) {
  note(counters);
  if (trace_)
    trace_->add(request);
}

std::map<std::string, weight_format> device_monitor::formats() const {
  const std::lock_guard lock(mutex_);
  return formats_;
}

device_totals device_monitor::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

void device_monitor::note(const device_counters& counters) {
  const std::lock_guard lock(mutex_);
  totals_.counters = counters;
  totals_.blocks_used_most = std::max(totals_.blocks_used_most, counters.blocks_used);
  totals_.blocks_shared_most = std::max(totals_.blocks_shared_most, counters.blocks_shared);
}

} // namespace avp
