// One hop from what arrived to what is handed on.
#pragma once

#include "agents/agent.hpp"

namespace avp {

/// Joins the contexts that arrived where there are several, lets the agent work, and cuts what it hands on to what its
/// spec says (`keep`). `agent` and `hop` live until the coroutine is done. Throws what the agent throws, and
/// request_failed.
[[nodiscard]] eventually<output> run_hop(avp::agent& agent, avp::hop& hop);

} // namespace avp
