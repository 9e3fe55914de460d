// Starts the actor of a pipeline: it takes tasks, sends their hops to agents, and answers each with its result.
#pragma once

#include <caf/actor_system.hpp>

#include "runtime/flow/pipeline_actor.hpp"
#include "runtime/flow/pipeline_config.hpp"

namespace avp {

/// Starts the actor and its agents, which end with it. Throws what an agent's constructor throws.
[[nodiscard]] pipeline_actor start_pipeline(caf::actor_system& system, pipeline_config config);

} // namespace avp
