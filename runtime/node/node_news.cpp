// Times as numbers and back.
#include <avp/runtime/node/node_news.hpp>

namespace avp {

namespace {

using clock = std::chrono::steady_clock;

node_time number_of(clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

clock::time_point time_of(node_time number, std::chrono::nanoseconds shift) {
  return clock::time_point(std::chrono::nanoseconds(number) + shift);
}

void add(device_news& news, const traced_step& traced) {
  const auto& [start, milliseconds, model, rows, requests] = traced.step;
  news.steps.push_back({number_of(start), milliseconds, model, rows, requests, traced.blocks_used, traced.blocks_shared,
                        traced.blocks_cached});
}

void add(device_news& news, const request_record& request) {
  news.requests.push_back({request.id, request.task, request.label, request.kind, request.model,
                           number_of(request.submitted), number_of(request.started), number_of(request.ended),
                           request.counts, request.preemptions, request.error});
}

} // namespace

node_time node_now() { return number_of(clock::now()); }

void add_event(device_news& news, const device_event& event) {
  std::visit([&](const auto& one) { add(news, one); }, event);
}

traced_step step_of(const step_news& news, std::chrono::nanoseconds shift) {
  return {0,
          {time_of(news.start, shift), news.milliseconds, news.model, news.rows, news.requests},
          news.blocks_used,
          news.blocks_shared,
          news.blocks_cached};
}

request_record request_of(const request_news& news, std::chrono::nanoseconds shift) {
  request_record request;
  request.id = news.id;
  request.task = news.task;
  request.label = news.label;
  request.kind = news.kind;
  request.model = news.model;
  request.submitted = time_of(news.submitted, shift);
  request.started = time_of(news.started, shift);
  request.ended = time_of(news.ended, shift);
  request.counts = news.counts;
  request.preemptions = news.preemptions;
  request.error = news.error;
  return request;
}

} // namespace avp
