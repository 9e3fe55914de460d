// What a batch hears, and what its observer does.
#pragma once

#include <cstdint>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "runtime/results/task_result.hpp"

namespace avp {

/// To a batch: start no more tasks, finish those that run.
struct stop_batch {};

/// To the observer: a task was admitted.
struct task_begun {
  std::string task;
  std::uint64_t place = 0; ///< As in task_input::place.
};

/// To the observer: words of an answer that is on its way.
struct answer_piece {
  std::string task;
  std::string text;
};

/// To the observer: what became of a task.
struct finished_task {
  task_result result;
  std::string line; ///< The result as in results.jsonl, without the line break.
};

/// To the observer: nothing more will come.
struct batch_ended {
  std::string error; ///< Why it ended early; empty when all tasks had their turn.
};

using batch_actor = caf::typed_actor<caf::reacts_to<stop_batch>>;

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::stop_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::task_begun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::answer_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::finished_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::batch_ended)
