// What a device tells of itself while it runs: every step, every request, and its counters.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "gpu/device_config.hpp"
#include "gpu/request.hpp"
#include "gpu/result.hpp"

namespace avp {

/// Rows of forward passes by what they were.
struct row_counts {
  std::int64_t prefill = 0;  ///< Prompt tokens, and vectors of other models that are read like these.
  std::int64_t latent = 0;   ///< Latent steps.
  std::int64_t decode = 0;   ///< Tokens of answers.
  std::int64_t replayed = 0; ///< Of the above, those run again to build an evicted context or a preempted request anew.
  std::int64_t guessed = 0;  ///< Of decode, those whose token was guessed.
  std::int64_t accepted = 0; ///< Of guessed, those whose guess came true; the others came to nothing.

  [[nodiscard]] std::int64_t total() const { return prefill + latent + decode; }
  row_counts& operator+=(const row_counts& other);
};

/// The counters of a device. All grow from 0 except those marked "now".
struct device_counters {
  std::int64_t steps = 0; ///< Forward passes.
  row_counts rows;
  double busy_seconds = 0; ///< In forward passes, sampling and latent steps.

  std::int64_t requests_done = 0;
  std::int64_t requests_failed = 0;  ///< Cancelled ones and those over their time limit included.
  std::int64_t requests_running = 0; ///< Now.
  std::int64_t requests_waiting = 0; ///< Now.
  double queue_seconds = 0;          ///< From submission to the first row, summed over requests.
  std::int64_t preemptions = 0;      ///< Running requests that had to give up their blocks.

  std::int64_t block_bytes = 0;      ///< Size of one block, of the first model's shape; constant.
  std::int64_t blocks_total = 0;     ///< That fit in the memory limit; constant.
  std::int64_t blocks_used = 0;      ///< Now: held by a request or a context.
  std::int64_t blocks_shared = 0;    ///< Now: held by more than one.
  std::int64_t blocks_cached = 0;    ///< Now: held by none, kept for a prompt that begins alike.
  std::int64_t blocks_copied = 0;    ///< Because two continued in one block.
  std::int64_t contexts_evicted = 0; ///< Contexts whose blocks were taken back; rebuilt when needed.
  std::int64_t shared_tokens = 0;    ///< Prompt tokens that were not computed because another prompt began alike.
  std::int64_t moved_tokens = 0;     ///< Positions copied into joined contexts.

  /// What was counted since `before`, of the same device. Constants and what is marked "now" stay as they are.
  [[nodiscard]] device_counters since(const device_counters& before) const;

  /// What was counted together with `earlier`, of another device in the same place. Constants and what is marked "now"
  /// stay as they are.
  [[nodiscard]] device_counters after(const device_counters& earlier) const;
};

/// One forward pass.
struct step_record {
  std::chrono::steady_clock::time_point start;
  double milliseconds = 0;
  std::string model; ///< Name of the model in the device's configuration.
  row_counts rows;
  std::int64_t requests = 0; ///< That had rows in it.
};

/// One request from submission to answer.
struct request_record {
  request_id id = 0;
  std::uint64_t task = 0; ///< As the request had it.
  std::string label;      ///< As the request had it.
  std::string kind;       ///< "think", "generate", "join", "rebuild", "adopt", "score_next" or "project".
  std::string model;
  std::chrono::steady_clock::time_point submitted;
  std::chrono::steady_clock::time_point started; ///< Its first row; equal to `ended` when it never ran.
  std::chrono::steady_clock::time_point ended;
  avp::counts counts;
  int preemptions = 0;
  std::string error; ///< Empty when it was answered.
};

/// A model that was loaded.
struct load_record {
  std::string model;                              ///< Its name in the device's configuration.
  weight_format format = weight_format::bfloat16; ///< How its weights are kept, said by the configuration or not.
};

/// Given to a device in its configuration. Called on the device's thread between two steps, on_load() by whoever starts
/// the device: it must not block.
class device_observer {
public:
  virtual ~device_observer() = default;
  virtual void on_load(const load_record& /*loaded*/) {} ///< Before the first step.
  virtual void on_step(const step_record& step, const device_counters& counters) = 0;
  virtual void on_request(const request_record& request, const device_counters& counters) = 0;
};

} // namespace avp
