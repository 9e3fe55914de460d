// From the end of a thought to the next agent's first row.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/bench/engine/bench_device.hpp"

namespace avp::bench {

/// Two agents of the shipped kind "think" hand a context of about `tokens` tokens over, `rounds` times, through their
/// actors and one that routes as a run does. Gives, in microseconds, p50, p90 and most of the time from the first
/// agent's end on the device to the second one's arrival in the device's queue ("queued": messages and the agents' own
/// work) and to its first row ("first_row": rendering and tokenising included); and the blocks that the second one
/// copied.
[[nodiscard]] nlohmann::ordered_json handover_time(bench_device& device, std::int64_t tokens, int rounds);

} // namespace avp::bench
