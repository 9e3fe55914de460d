// Counters of devices as Prometheus reads them.
#pragma once

#include <string>
#include <vector>

#include "runtime/telemetry/cluster_totals.hpp"
#include "runtime/telemetry/device_monitor.hpp"

namespace avp {

/// The Prometheus text exposition format, version 0.0.4: every metric with HELP and TYPE, and a sample for each device,
/// node and link. Those of nodes and links are left out of a run on one machine.
[[nodiscard]] std::string metrics_text(const std::vector<device_totals>& devices, const cluster_totals& nodes = {});

} // namespace avp
