// A time limit for agents that do not come back.
#pragma once

#include <chrono>
#include <memory>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>

#include "agents/hop_output.hpp"
#include "agents/hop_watch.hpp"

namespace avp {

/// A hop whose way is watched.
struct watched_hop {
  hop_input input;
  std::shared_ptr<hop_watch> watch;
};

/// An agent's actor as a timed one sees it.
using watched_agent = agent_actor::extend<caf::replies_to<watched_hop>::with<hop_output>>;

/// Stands before an agent's actor and ends with it. A hop that neither waits for its device nor goes on for so long
/// fails; an agent that keeps its thread for so long is left to itself: this actor ends then, so that whoever watches
/// it starts another one.
[[nodiscard]] agent_actor start_timed_agent(caf::actor_system& system, const watched_agent& inner,
                                            std::shared_ptr<const agent_watch> watch, std::chrono::milliseconds limit);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::watched_hop)
