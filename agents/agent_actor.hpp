// The actor around an agent: takes hops, runs them side by side, answers each.
#pragma once

#include <map>
#include <string>

#include <caf/actor_system.hpp>

#include "agents/hop_output.hpp"
#include "agents/registry.hpp"
#include "gpu/device_actor.hpp"

namespace avp {

/// Devices by the names of models that they have.
using devices_by_model = std::map<std::string, device_actor>;

/// Starts the actor for one agent. `device` may be no actor for an agent that asks nothing of one; `sources` are those
/// of other models, whose thoughts it may get. Throws what the agent's constructor throws.
[[nodiscard]] agent_actor start_agent(caf::actor_system& system, const registry& kinds, const agent_spec& spec,
                                      const device_actor& device, const devices_by_model& sources = {});

} // namespace avp
