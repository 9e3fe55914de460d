// One line for each request, and the counters of the metrics page.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/results/task_result.hpp"

namespace avp {

/// A request that is over.
struct request_record_line {
  std::string id;     ///< As its answer has it; empty where it was refused before it had one.
  std::string model;  ///< Empty where that is not known.
  std::string method; ///< "POST"
  std::string path;   ///< "/v1/chat/completions"
  int status = 200;   ///< 499 where the client went away.
  bool stream = false;
  double queue_ms = 0; ///< Until its first task began.
  double ms = 0;       ///< From its arrival to the end of its answer.
  std::string error;   ///< Why it failed.
};

/// What the server did. All functions may be called from any thread.
class request_log {
public:
  /// Counts a request and writes its line: `request id=… model=… status=200 ms=12.3 …`.
  void add(const request_record_line& line, const std::vector<task_result>& results = {});

  void set_running(std::int64_t tasks) { running_ = tasks; }
  void set_waiting(std::int64_t tasks) { waiting_ = tasks; }

  /// Counters for Prometheus.
  [[nodiscard]] std::string metrics() const;

private:
  std::array<std::atomic<std::int64_t>, 600> by_status_{};
  std::atomic<std::int64_t> running_ = 0;
  std::atomic<std::int64_t> waiting_ = 0;
};

} // namespace avp
