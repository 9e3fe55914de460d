// Steps and requests as a device would tell of them.
#pragma once

#include "gpu/device_observer.hpp"

namespace avp::test {

using clock = std::chrono::steady_clock;

/// A pass of 2 ms that began so many milliseconds after `start`.
inline step_record step_at(clock::time_point start, int ms, row_counts rows) {
  return {
      .start = start + std::chrono::milliseconds(ms), .milliseconds = 2, .model = "main", .rows = rows, .requests = 3};
}

/// A request of agent "judge" that was submitted, started and answered so many milliseconds after `start`.
inline request_record request_at(clock::time_point start, std::uint64_t task, int submitted, int started, int ended) {
  const auto at = [&](int ms) { return start + std::chrono::milliseconds(ms); };
  return {.id = 1,
          .task = task,
          .label = "judge",
          .kind = "generate",
          .model = "main",
          .submitted = at(submitted),
          .started = at(started),
          .ended = at(ended),
          .counts = {.prompt_tokens = 20,
                     .computed_tokens = 15,
                     .latent_steps = 0,
                     .output_tokens = 7,
                     .guessed_tokens = 9,
                     .accepted_tokens = 6},
          .preemptions = 1};
}

/// Counters, each of another value.
inline device_counters some_counters() {
  return {.steps = 10,
          .rows = {.prefill = 1500, .latent = 60, .decode = 40, .replayed = 5, .guessed = 30, .accepted = 25},
          .busy_seconds = 1.25,
          .requests_done = 3,
          .requests_failed = 1,
          .requests_running = 12,
          .requests_waiting = 13,
          .queue_seconds = 0.5,
          .preemptions = 2,
          .block_bytes = 65536,
          .blocks_total = 4096,
          .blocks_used = 300,
          .blocks_shared = 70,
          .blocks_cached = 80,
          .blocks_copied = 9,
          .contexts_evicted = 11,
          .shared_tokens = 14};
}

} // namespace avp::test
