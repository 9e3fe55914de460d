// Why a hop failed, told by what its agent's code did.
#pragma once

#include <exception>

#include <caf/error.hpp>

#include "gpu/failure.hpp"

namespace avp {

/// Of what an agent's code threw: the code of a request_failed that it let through, else `agent_failed` where nothing
/// better is known.
[[nodiscard]] failure failure_of_agent(const std::exception_ptr& thrown);

/// Of the reason why an agent's actor ended, or answered with an error.
[[nodiscard]] failure failure_of_agent(const caf::error& reason);

} // namespace avp
