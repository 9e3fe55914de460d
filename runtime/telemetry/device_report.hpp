// What a run's devices did, in its totals.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "runtime/telemetry/device_monitor.hpp"

namespace avp {

/// Lines for people. `seconds` is the run's wall time, over which rows per second are taken.
[[nodiscard]] std::string device_text(const device_totals& totals, double seconds);

/// The same for summary.json.
[[nodiscard]] nlohmann::ordered_json device_json(const device_totals& totals, double seconds);

} // namespace avp
