// Counters of devices as Prometheus reads them.
#pragma once

#include <string>
#include <vector>

#include <avp/runtime/device_monitor.hpp>

namespace avp {

/// The Prometheus text exposition format, version 0.0.4: every metric with HELP and TYPE, and a sample for each device.
[[nodiscard]] std::string metrics_text(const std::vector<device_totals>& devices);

} // namespace avp
