// What a node tells node zero of its devices and links while a run goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <caf/meta/type_name.hpp>

#include "runtime/node/device_log.hpp"
#include "runtime/node/link_traffic.hpp"
#include "runtime/telemetry/device_monitor.hpp"

namespace avp {

/// A moment by the steady clock of the node that tells it, in nanoseconds. Two machines' clocks differ by any amount.
using node_time = std::int64_t;

/// A traced_step on its way.
struct step_event {
  node_time start = 0;
  double milliseconds = 0;
  std::string model;
  row_counts rows;
  std::int64_t requests = 0;
  std::int64_t blocks_used = 0;
  std::int64_t blocks_shared = 0;
  std::int64_t blocks_cached = 0;
};

/// A request_record on its way.
struct request_event {
  std::uint64_t id = 0;
  std::uint64_t task = 0;
  std::string label;
  std::string kind;
  std::string model;
  node_time submitted = 0;
  node_time started = 0;
  node_time ended = 0;
  avp::counts counts;
  std::int32_t preemptions = 0;
  std::string error;
};

/// What a device did for whoever asks since the run was greeted, and its events since it was last asked.
struct device_activity {
  std::string device;
  device_counters counters;
  std::int64_t blocks_used_most = 0;
  std::int64_t blocks_shared_most = 0;
  std::vector<step_event> steps;
  std::vector<request_event> requests;
};

/// What the node sent to a peer since the run was greeted.
struct link_counters {
  std::string to;
  std::int64_t contexts = 0;
  std::uint64_t bytes = 0;       ///< Of AVP messages on the socket.
  std::uint64_t whole_bytes = 0; ///< Had every context travelled from its first position on, uncompressed.
};

[[nodiscard]] node_time node_now();

/// Adds an event to what is told of its device.
void add_event(device_activity& activity, const device_event& event);

/// The step as this process sees it, whose clock is `shift` ahead of the node's.
[[nodiscard]] traced_step step_of(const step_event& event, std::chrono::nanoseconds shift);
[[nodiscard]] request_record request_of(const request_event& event, std::chrono::nanoseconds shift);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, counts& x) {
  return f(caf::meta::type_name("avp::counts"), x.prompt_tokens, x.computed_tokens, x.latent_steps, x.output_tokens,
           x.guessed_tokens, x.accepted_tokens, x.attended, x.cache_bytes, x.device_ms);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, row_counts& x) {
  return f(caf::meta::type_name("avp::row_counts"), x.prefill, x.latent, x.decode, x.replayed, x.guessed, x.accepted);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, device_counters& x) {
  return f(caf::meta::type_name("avp::device_counters"), x.steps, x.rows, x.busy_seconds, x.requests_done,
           x.requests_failed, x.requests_running, x.requests_waiting, x.queue_seconds, x.preemptions, x.block_bytes,
           x.blocks_total, x.blocks_used, x.blocks_shared, x.blocks_cached, x.blocks_copied, x.contexts_evicted,
           x.shared_tokens, x.moved_tokens);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, step_event& x) {
  return f(caf::meta::type_name("avp::step_event"), x.start, x.milliseconds, x.model, x.rows, x.requests, x.blocks_used,
           x.blocks_shared, x.blocks_cached);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, request_event& x) {
  return f(caf::meta::type_name("avp::request_event"), x.id, x.task, x.label, x.kind, x.model, x.submitted, x.started,
           x.ended, x.counts, x.preemptions, x.error);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, device_activity& x) {
  return f(caf::meta::type_name("avp::device_activity"), x.device, x.counters, x.blocks_used_most, x.blocks_shared_most,
           x.steps, x.requests);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_counters& x) {
  return f(caf::meta::type_name("avp::link_counters"), x.to, x.contexts, x.bytes, x.whole_bytes);
}

} // namespace avp
