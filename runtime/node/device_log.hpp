// What a device of a node did lately, for the runs that it works for.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <variant>
#include <vector>

#include "gpu/device_observer.hpp"
#include "runtime/telemetry/device_monitor.hpp"
#include "runtime/telemetry/trace_events.hpp"

namespace avp {

/// A step or a request of a device.
using device_event = std::variant<traced_step, request_record>;

/// Given to one device as its observer: keeps its totals, and the events of the last while. Any thread.
class device_log : public device_observer {
public:
  explicit device_log(std::string device) : monitor_(std::move(device)) {}

  void on_step(const step_record& step, const device_counters& counters) override;
  void on_request(const request_record& request, const device_counters& counters) override;

  /// Adds what was done for the device without it.
  void add(const request_record& record) { keep(record); }

  [[nodiscard]] device_totals totals() const { return monitor_.totals(); }

  /// The number that the next event will have.
  [[nodiscard]] std::uint64_t next() const;

  /// Those that came since the number `next`, of which the oldest may be gone. Moves it on to the next one to come.
  [[nodiscard]] std::vector<device_event> take_since(std::uint64_t& next) const;

private:
  void keep(device_event event);

  device_monitor monitor_;
  mutable std::mutex guard_; // of the following
  std::deque<device_event> events_;
  std::uint64_t next_ = 0;
};

} // namespace avp
