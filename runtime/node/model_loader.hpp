// Loading models beside an actor that has to answer meanwhile.
#pragma once

#include <vector>

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "runtime/node/node_models.hpp"

namespace avp {

/// Asks for models.
struct load_models {
  std::vector<model_order> wanted;
};

/// One load at a time, on a thread of its own.
using model_loader = caf::typed_actor<caf::replies_to<load_models>::with<hosted_models>>;

/// Starts a loader; `models` outlives it.
[[nodiscard]] model_loader start_model_loader(caf::actor_system& system, node_models& models);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::load_models)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::hosted_models)
