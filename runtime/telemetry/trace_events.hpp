// Steps and requests as events of the Chrome trace format, which Perfetto and chrome://tracing open.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/device_observer.hpp"

namespace avp {

/// A device that a trace shows from now on.
struct traced_device {
  int device = 0;
  std::string name;
};

/// What a task is called in a trace.
struct traced_task {
  std::uint64_t place = 0;
  std::string name;
};

/// One forward pass of a device.
struct traced_step {
  int device = 0;
  step_record step;
  std::int64_t blocks_used = 0;
  std::int64_t blocks_shared = 0;
  std::int64_t blocks_cached = 0;
};

/// Something that happened.
using trace_entry = std::variant<traced_device, traced_task, traced_step, request_record>;

/// Turns entries into JSON objects. A device is a process with the track "steps" (a slice for each pass, named by the
/// kinds of its rows) and the counters "rows" and "blocks"; the process "tasks" has a track for each task with two
/// slices for each request: "queued", then agent and kind. Requests of one task that overlap (a fan-out) get tracks
/// side by side. Times are microseconds since `start`.
class trace_events {
public:
  explicit trace_events(std::chrono::steady_clock::time_point start) : start_(start) {}

  /// The first events of a trace, which name the process "tasks".
  [[nodiscard]] static std::string beginning();

  /// Appends the events of an entry, each as text and on a line of its own, with a comma before it.
  void append(std::string& text, const trace_entry& entry);

  /// Appends what ends the counters: no rows after the last step.
  void append_end(std::string& text);

private:
  using time_point = std::chrono::steady_clock::time_point;

  struct device_state {
    time_point last_end;
    row_counts rows;
    std::vector<std::int64_t> blocks;
    bool resting = true;
  };

  // The tracks of a task: when the last request of each ended.
  struct task_state {
    std::string name;
    std::vector<time_point> ends;
  };

  void append(std::string& text, const nlohmann::ordered_json& event);
  void append_entry(std::string& text, const traced_device& device);
  void append_entry(std::string& text, const traced_task& task);
  void append_entry(std::string& text, const traced_step& traced);
  void append_entry(std::string& text, const request_record& request);
  void append_rows(std::string& text, int device, time_point when, const row_counts& rows);
  void append_blocks(std::string& text, const traced_step& traced, time_point when);
  void append_rest(std::string& text, int device);
  void append_track_name(std::string& text, std::uint64_t place, std::size_t lane);
  std::size_t lane_for(std::string& text, const request_record& request);
  task_state& task_at(std::uint64_t place);

  time_point start_;
  std::map<int, device_state> devices_;
  std::map<std::uint64_t, task_state> tasks_;
};

} // namespace avp
