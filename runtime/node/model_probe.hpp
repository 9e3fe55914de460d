// What a loaded model says of itself.
#pragma once

#include <string>

#include <caf/actor_system.hpp>

#include "gpu/device_actor.hpp"
#include "runtime/node/node_messages.hpp"

namespace avp {

/// Lets a model of a device read a few tokens and tells by the context which weights and arithmetic it has. Blocks.
/// Throws model_error where the model can't do that.
[[nodiscard]] model_report probe_model(caf::actor_system& system, const device_actor& device, const std::string& model);

/// What a message with a context of this recipe would weigh and say, for the model of a report.
[[nodiscard]] std::uint64_t body_bytes(const model_report& model, std::int64_t tokens);

} // namespace avp
