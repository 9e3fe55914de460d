// Many tasks in a small cache, and half an hour of everything at random.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/bench/engine/bench_device.hpp"

namespace avp::bench {

/// Runs `tasks` two-hop tasks at once (read and think, then answer) in a KV-cache of a tenth of what they would like,
/// or of options.kv_memory where it is set. Loads the model itself. The result says how many finished, what was
/// evicted, and memory after loading and at its peak against the bound: resident after loading + the cache's limit +
/// 300 MiB. "ok" says whether both hold.
[[nodiscard]] nlohmann::ordered_json crowded_memory(device_options options, int tasks, std::int64_t prompt_tokens,
                                                    int answer_tokens);

/// For `minutes`, `clients` threads run random pipelines on one device: thoughts and answers that continue, fork and
/// end, requests that are cancelled, that fail and that run out of time. Prints a line every `report_seconds`. "ok"
/// says whether in the end no block is in use, no request is left, and memory in the second half grew by less than 2 %.
[[nodiscard]] nlohmann::ordered_json soak(device_options options, double minutes, int clients, double report_seconds,
                                          std::uint64_t seed);

} // namespace avp::bench
