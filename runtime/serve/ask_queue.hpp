// What the queue of requests hears.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include "gpu/failure.hpp"
#include "runtime/flow/pipeline_actor.hpp"
#include "runtime/serve/asked_tasks.hpp"
#include "runtime/serve/open_answer.hpp"

namespace avp {

/// A request on its way to a pipeline.
struct queued_request {
  std::uint64_t number = 0; ///< No two requests have the same one.
  pipeline_actor asked;
  asked_tasks tasks; ///< One for each choice of the answer.
  std::shared_ptr<open_answer> answer;
};

/// Asks for an answer.
struct take_request {
  std::shared_ptr<queued_request> request;
};

/// The client of a request is gone: what waits is forgotten, what runs is given up. An unknown number is ignored.
struct client_left {
  std::uint64_t number = 0;
};

/// Time passes.
struct look_around {};

/// How many tasks there may be.
struct queue_limits {
  std::size_t running = 64;  ///< At a time, over all pipelines.
  std::size_t waiting = 256; ///< Behind them; a request for more is refused with 429.
};

/// Starts as many tasks as may run, in the order in which they came, and keeps the others waiting.
using ask_queue =
    caf::typed_actor<caf::reacts_to<take_request>, caf::reacts_to<client_left>, caf::reacts_to<look_around>>;

/// What the queue is given beside the requests.
struct queue_config {
  queue_limits limits;
  std::chrono::milliseconds tick = std::chrono::milliseconds(100); ///< Between two looks at open answers.
  std::vector<pipeline_actor> pipelines;                           ///< Of which `on_broken` is to hear.
  std::function<void(const failure&)> on_broken;
  std::shared_ptr<request_log> log;
};

[[nodiscard]] ask_queue start_queue(caf::actor_system& system, queue_config config);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::take_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::client_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::look_around)
