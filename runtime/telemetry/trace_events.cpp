// The format: "Trace Event Format", Google, 2016. X is a slice, C a counter, M a name.
#include "runtime/telemetry/trace_events.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace avp {

namespace {

using json = nlohmann::ordered_json;

constexpr int tasks_process = 1000; // after all devices
constexpr int steps_track = 1;

// Requests of one task side by side. More than so many share the last track.
constexpr std::size_t lanes = 16;

// A task that is over is not told of here. So many are remembered, far more than are ever in flight; an older one that
// came again would only begin a track's order anew.
constexpr std::size_t remembered_tasks = 20000;

// A pause that a counter shows.
constexpr auto pause = std::chrono::milliseconds(1);

// Viewers do not take track 0.
std::uint64_t track_of(std::uint64_t place, std::size_t lane) { return place * lanes + lane + 1; }

std::string kinds_of(const row_counts& rows) {
  std::string name;
  const auto add = [&](std::int64_t count, const char* kind) {
    if (count > 0)
      name += (name.empty() ? "" : " + ") + std::string(kind);
  };
  add(rows.prefill, "prefill");
  add(rows.latent, "latent");
  add(rows.decode, "decode");
  return name.empty() ? "no rows" : name;
}

double microseconds(std::chrono::duration<double, std::micro> time) { return std::round(time.count() * 1000) / 1000; }

json args_of(const request_record& request) {
  json args = {{"task", request.task},
               {"model", request.model},
               {"prompt_tokens", request.counts.prompt_tokens},
               {"computed_tokens", request.counts.computed_tokens},
               {"latent_steps", request.counts.latent_steps},
               {"output_tokens", request.counts.output_tokens},
               {"guessed_tokens", request.counts.guessed_tokens},
               {"accepted_tokens", request.counts.accepted_tokens},
               {"preemptions", request.preemptions}};
  if (!request.error.empty())
    args["error"] = request.error;
  return args;
}

} // namespace

std::string trace_events::beginning() {
  const json name = {{"name", "process_name"}, {"ph", "M"}, {"pid", tasks_process}, {"args", {{"name", "tasks"}}}};
  const json place = {
      {"name", "process_sort_index"}, {"ph", "M"}, {"pid", tasks_process}, {"args", {{"sort_index", tasks_process}}}};
  return name.dump() + ",\n" + place.dump();
}

void trace_events::append(std::string& text, const trace_entry& entry) {
  std::visit([&](const auto& one) { append_entry(text, one); }, entry);
}

void trace_events::append(std::string& text, const json& event) {
  text += ",\n" + event.dump(-1, ' ', false, json::error_handler_t::replace);
}

void trace_events::append_entry(std::string& text, const traced_device& device) {
  append(text, json{{"name", "process_name"},
                    {"ph", "M"},
                    {"pid", device.device},
                    {"args", {{"name", "device " + device.name}}}});
  append(text, json{{"name", "thread_name"},
                    {"ph", "M"},
                    {"pid", device.device},
                    {"tid", steps_track},
                    {"args", {{"name", "steps"}}}});
}

trace_events::task_state& trace_events::task_at(std::uint64_t place) {
  auto& task = tasks_[place];
  if (tasks_.size() > remembered_tasks && tasks_.begin()->first != place)
    tasks_.erase(tasks_.begin());
  return task;
}

void trace_events::append_entry(std::string& text, const traced_task& task) {
  auto& known = task_at(task.place);
  known.name = task.name;
  for (std::size_t lane = 0; lane < std::max(known.ends.size(), std::size_t{1}); ++lane) // requests may have come first
    append_track_name(text, task.place, lane);
}

void trace_events::append_track_name(std::string& text, std::uint64_t place, std::size_t lane) {
  append(text, json{{"name", "thread_name"},
                    {"ph", "M"},
                    {"pid", tasks_process},
                    {"tid", track_of(place, lane)},
                    {"args", {{"name", task_at(place).name}}}});
}

void trace_events::append_rows(std::string& text, int device, time_point when, const row_counts& rows) {
  append(text, json{{"name", "rows"},
                    {"ph", "C"},
                    {"ts", microseconds(when - start_)},
                    {"pid", device},
                    {"args", {{"prefill", rows.prefill}, {"latent", rows.latent}, {"decode", rows.decode}}}});
}

void trace_events::append_blocks(std::string& text, const traced_step& traced, time_point when) {
  append(text,
         json{{"name", "blocks"},
              {"ph", "C"},
              {"ts", microseconds(when - start_)},
              {"pid", traced.device},
              {"args",
               {{"used", traced.blocks_used}, {"shared", traced.blocks_shared}, {"cached", traced.blocks_cached}}}});
}

// The device had nothing to do since its last step.
void trace_events::append_rest(std::string& text, int device) {
  auto& state = devices_[device];
  if (!std::exchange(state.resting, true))
    append_rows(text, device, state.last_end, {});
}

void trace_events::append_entry(std::string& text, const traced_step& traced) {
  auto& state = devices_[traced.device];
  const auto& [start, milliseconds, model, rows, requests] = traced.step;
  if (start > state.last_end + pause)
    append_rest(text, traced.device);
  const auto end = start + std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::duration<double, std::milli>(milliseconds));
  append(text, json{{"name", kinds_of(rows)},
                    {"ph", "X"},
                    {"ts", microseconds(start - start_)},
                    {"dur", microseconds(end - start)},
                    {"pid", traced.device},
                    {"tid", steps_track},
                    {"args",
                     {{"prefill", rows.prefill},
                      {"latent", rows.latent},
                      {"decode", rows.decode},
                      {"replayed", rows.replayed},
                      {"guessed", rows.guessed},
                      {"accepted", rows.accepted},
                      {"requests", requests},
                      {"model", model}}}});
  const auto same = [](const row_counts& a, const row_counts& b) {
    return a.prefill == b.prefill && a.latent == b.latent && a.decode == b.decode;
  };
  if (std::exchange(state.resting, false) || !same(rows, state.rows)) // a counter stays until it is told otherwise
    append_rows(text, traced.device, start, rows);
  const std::vector blocks{traced.blocks_used, traced.blocks_shared, traced.blocks_cached};
  if (blocks != state.blocks)
    append_blocks(text, traced, end);
  state.last_end = end;
  state.rows = rows;
  state.blocks = blocks;
}

// The first track of its task that is free at its time.
std::size_t trace_events::lane_for(std::string& text, const request_record& request) {
  auto& ends = task_at(request.task).ends;
  const auto free =
      std::find_if(ends.begin(), ends.end(), [&](time_point end) { return end <= request.submitted; }) - ends.begin();
  const auto lane = std::min(static_cast<std::size_t>(free), lanes - 1);
  if (lane == ends.size()) {
    ends.push_back({});
    if (lane > 0 && !task_at(request.task).name.empty())
      append_track_name(text, request.task, lane);
  }
  ends[lane] = request.ended;
  return lane;
}

void trace_events::append_entry(std::string& text, const request_record& request) {
  const auto track = track_of(request.task, lane_for(text, request));
  const auto name = request.label + " " + request.kind;
  const auto slice = [&](const std::string& called, time_point from, time_point to, const json& args) {
    append(text, json{{"name", called},
                      {"ph", "X"},
                      {"ts", microseconds(from - start_)},
                      {"dur", microseconds(to - from)},
                      {"pid", tasks_process},
                      {"tid", track},
                      {"args", args}});
  };
  slice("queued", request.submitted, request.started, {{"task", request.task}, {"for", name}});
  slice(name, request.started, request.ended, args_of(request));
}

void trace_events::append_end(std::string& text) {
  for (const auto& [device, state] : devices_)
    append_rest(text, device);
}

} // namespace avp
