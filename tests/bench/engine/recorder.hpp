// Keeps what a device tells of itself, for the benchmarks.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "gpu/device_observer.hpp"

namespace avp::bench {

/// A request as it ended, and the device's counters at that moment.
struct finished_request {
  request_record record;
  device_counters counters;
};

/// An observer that remembers. Safe to ask on any thread while the device runs.
class recorder : public device_observer {
public:
  /// Without `keep` it only knows the last counters, so that its memory does not grow.
  explicit recorder(bool keep = true) : keep_(keep) {}

  void on_step(const step_record& step, const device_counters& counters) override;
  void on_request(const request_record& request, const device_counters& counters) override;

  /// The counters as they were told last.
  [[nodiscard]] device_counters counters() const;

  /// Most blocks that were used at once.
  [[nodiscard]] std::int64_t most_blocks_used() const;

  /// Forgets steps and requests.
  void clear();

  /// The steps since the last clear().
  [[nodiscard]] std::vector<step_record> steps() const;

  /// The requests since the last clear(), after waiting until there are so many of them. An answer may reach who
  /// asked before the device has told of it. Throws std::runtime_error after ten seconds.
  [[nodiscard]] std::vector<finished_request> requests(std::size_t at_least);

private:
  void note(const device_counters& counters);

  const bool keep_;
  mutable std::mutex mutex_;
  std::condition_variable more_;
  device_counters counters_;
  std::int64_t most_blocks_used_ = 0;
  std::vector<step_record> steps_;
  std::vector<finished_request> requests_;
};

} // namespace avp::bench
