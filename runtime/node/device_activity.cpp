// Activity of a device as messages carry it: times as numbers, and back.
#include "runtime/node/device_activity.hpp"

namespace avp {

namespace {

using clock = std::chrono::steady_clock;

node_time number_of(clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

clock::time_point time_of(node_time number, std::chrono::nanoseconds shift) {
  return clock::time_point(std::chrono::nanoseconds(number) + shift);
}

void add(device_activity& activity, const traced_step& traced) {
  const auto& [start, milliseconds, model, rows, requests] = traced.step;
  activity.steps.push_back({number_of(start), milliseconds, model, rows, requests, traced.blocks_used,
                            traced.blocks_shared, traced.blocks_cached});
}

void add(device_activity& activity, const request_record& request) {
  activity.requests.push_back({request.id, request.task, request.label, request.kind, request.model,
                               number_of(request.submitted), number_of(request.started), number_of(request.ended),
                               request.counts, request.preemptions, request.error});
}

} // namespace

node_time node_now() { return number_of(clock::now()); }

void add_event(device_activity& activity, const device_event& event) {
  std::visit([&](const auto& one) { add(activity, one); }, event);
}

traced_step step_of(const step_event& event, std::chrono::nanoseconds shift) {
  return {0,
          {time_of(event.start, shift), event.milliseconds, event.model, event.rows, event.requests},
          event.blocks_used,
          event.blocks_shared,
          event.blocks_cached};
}

request_record request_of(const request_event& event, std::chrono::nanoseconds shift) {
  request_record request;
  request.id = event.id;
  request.task = event.task;
  request.label = event.label;
  request.kind = event.kind;
  request.model = event.model;
  request.submitted = time_of(event.submitted, shift);
  request.started = time_of(event.started, shift);
  request.ended = time_of(event.ended, shift);
  request.counts = event.counts;
  request.preemptions = event.preemptions;
  request.error = event.error;
  return request;
}

} // namespace avp
