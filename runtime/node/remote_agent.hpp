// Agents of a run with several nodes, as the run actor sees them.
#pragma once

#include <cstdint>

#include <caf/actor_system.hpp>

#include "agents/agent_actor.hpp"
#include "runtime/node/cluster_actor.hpp"

namespace avp {

/// An agent whose hops are done on other nodes. `number` is this agent's alone.
[[nodiscard]] agent_actor start_remote_agent(caf::actor_system& system, const cluster_actor& cluster,
                                             const agent_spec& spec, std::uint64_t number);

/// An agent of this machine to which other nodes hand over: brings their contexts onto its device before each hop.
/// When `inner` ends, so does it.
[[nodiscard]] agent_actor start_gathering_agent(caf::actor_system& system, const cluster_actor& cluster,
                                                const agent_spec& spec, const agent_actor& inner,
                                                const device_actor& device);

} // namespace avp
