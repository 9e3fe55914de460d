// What the actor of a pipeline hears and answers.
#pragma once

#include <cstdint>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "gpu/failure.hpp"
#include "runtime/flow/task_input.hpp"
#include "runtime/results/task_result.hpp"

namespace avp {

/// Asks a pipeline to give up the task of a place. It is answered at once with the error "it was cancelled"; what its
/// agents asked of devices, of other nodes too, is given up, its contexts are let go, and other tasks go on. The place
/// of a task that is over is ignored.
struct cancel_task {
  std::uint64_t place = 0;
};

/// Asks a pipeline to say when it can't go on.
struct when_broken {};

/// Why a pipeline can't go on. It comes before the results of the tasks that fail with it.
struct pipeline_broken {
  failure why;
};

/// Takes any number of tasks at a time. What goes wrong with a task is its result's error; an agent that dies is
/// started anew and its hops fail. Where the pipeline can't go on (a device died, an agent can't be started anew) all
/// its tasks fail and the actor ends with that reason. The answer to a task is an error only where its place is taken.
using pipeline_actor =
    caf::typed_actor<caf::replies_to<task_input>::with<task_result>,
                     caf::replies_to<when_broken>::with<pipeline_broken>, caf::reacts_to<cancel_task>>;

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::task_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::task_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::cancel_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::when_broken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::pipeline_broken)
