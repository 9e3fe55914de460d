// Rows per second of decoding, thinking and reading.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/bench/engine/bench_device.hpp"

namespace avp::bench {

/// Decodes `tokens` greedy tokens in each of `streams` answers at once, to prompts of `prompt_tokens` each. What counts
/// is the longest stretch of forward passes in which all streams decode and nothing else does, from the start of its
/// first pass to the end of its last one: sampling and all that lies between passes is in it, prompts are not, and an
/// answer that ends early only shortens it. Throws std::runtime_error when it is shorter than half of `tokens`.
[[nodiscard]] nlohmann::ordered_json decode_speed(bench_device& device, int streams, int tokens,
                                                  std::int64_t prompt_tokens);

/// The same for latent steps. `explain`: each also tells what it would have said.
[[nodiscard]] nlohmann::ordered_json latent_speed(bench_device& device, int streams, int steps,
                                                  std::int64_t prompt_tokens, bool explain);

/// Reads one prompt of `tokens` tokens; its own run time counts.
[[nodiscard]] nlohmann::ordered_json prefill_speed(bench_device& device, std::int64_t tokens);

} // namespace avp::bench
