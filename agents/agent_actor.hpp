// The actor around an agent: takes hops, runs them side by side, answers each.
#pragma once

#include <memory>

#include <caf/actor_system.hpp>
#include <caf/typed_actor.hpp>

#include <avp/agents/hop.hpp>
#include <avp/agents/registry.hpp>
#include <avp/gpu/device_actor.hpp>

namespace avp {

/// What came of a hop.
struct hop_output {
  avp::output output;
  avp::counts counts;
  double ms = 0;                              ///< From the hop's arrival to its end, waiting for the device included.
  std::string node = "local";                 ///< Where it was done.
  int retries = 0;                            ///< How often it was begun anew because its node was lost.
  std::vector<std::uint64_t> wire_bytes = {}; ///< That came over a socket for each of its contexts.
  double fetch_ms = 0;                        ///< Until the contexts that were not there were on its device.
};

/// One actor per agent serves all tasks. A hop fails with an error whose text says why (see text_of).
using agent_actor = caf::typed_actor<caf::replies_to<hop_input>::with<hop_output>>;

/// Starts the actor for one agent. `device` may be no actor for an agent that asks nothing of one. Throws what the
/// agent's constructor throws.
[[nodiscard]] agent_actor start_agent(caf::actor_system& system, const registry& kinds, const agent_spec& spec,
                                      const device_actor& device);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::hop_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::hop_output)
