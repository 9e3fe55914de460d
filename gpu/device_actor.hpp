// The actor that owns a device: its models, its cache memory and the one thread that computes.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "gpu/device_config.hpp"
#include "gpu/request.hpp"
#include "gpu/result.hpp"

namespace avp {

/// Asks a device to end a request, queued or running. It fails with `cancelled`; an unknown id is ignored.
struct cancel {
  request_id id = 0;
};

/// Requests are answered with a result or fail with an error of gpu/device_error.hpp. Contexts and callbacks are
/// references into this process, so none of these messages can leave it.
using device_actor = caf::typed_actor<caf::replies_to<think>::with<result>, caf::replies_to<generate>::with<result>,
                                      caf::replies_to<join>::with<result>, caf::replies_to<rebuild>::with<result>,
                                      caf::replies_to<adopt>::with<result>, caf::replies_to<score_next>::with<result>,
                                      caf::replies_to<project>::with<result>, caf::reacts_to<cancel>>;

/// Loads the models and starts the actor on a thread of its own. Takes seconds. Throws model_error when a model, its
/// tokenizer, its chat template or the device can't be used.
[[nodiscard]] device_actor start_device(caf::actor_system& system, const device_config& config);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::think)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::generate)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::join)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::rebuild)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::adopt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::score_next)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::project)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::cancel)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::result)
