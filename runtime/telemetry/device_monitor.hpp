// Watches a device for the run's totals, the metrics endpoint and the trace.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gpu/device_observer.hpp"
#include "runtime/telemetry/trace_file.hpp"

namespace avp {

/// What a device did so far.
struct device_totals {
  std::string device; ///< cpu or cuda:N.
  device_counters counters;
  std::int64_t blocks_used_most = 0;   ///< The most that blocks_used ever was.
  std::int64_t blocks_shared_most = 0; ///< The most that blocks_shared ever was.
};

/// Given to one device as its observer; may be asked from any thread.
class device_monitor : public device_observer {
public:
  /// Steps and requests also go to `trace`, where there is one.
  explicit device_monitor(std::string device, std::shared_ptr<trace_file> trace = {});

  void on_load(const load_record& loaded) override;
  void on_step(const step_record& step, const device_counters& counters) override;
  void on_request(const request_record& request, const device_counters& counters) override;

  /// How the weights of each model are kept, by its name.
  [[nodiscard]] std::map<std::string, weight_format> formats() const;

  /// As of the last step or request.
  [[nodiscard]] device_totals totals() const;

private:
  void note(const device_counters& counters);

  mutable std::mutex mutex_;
  std::map<std::string, weight_format> formats_;
  device_totals totals_;
  std::shared_ptr<trace_file> trace_;
  int place_in_trace_ = 0;
};

} // namespace avp
