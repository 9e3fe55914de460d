// Starts a batch: a front that asks a pipeline for every record of an input, so many at a time, and scores the answers.
#pragma once

#include <caf/actor_system.hpp>

#include "runtime/run/batch_actor.hpp"
#include "runtime/run/batch_config.hpp"

namespace avp {

/// Starts a batch. It ends by itself; the pipeline that it asks stays. Throws what starting a scorer's thread does.
[[nodiscard]] batch_actor start_batch(caf::actor_system& system, batch_config config);

} // namespace avp
