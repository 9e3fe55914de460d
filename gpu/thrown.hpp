// What becomes of an exception that nobody expected: a text for people, and an end that others learn of.
#pragma once

#include <exception>
#include <string>

#include <caf/fwd.hpp>

#include "gpu/failure.hpp"

namespace avp {

/// What an exception says, whatever was thrown; never empty.
[[nodiscard]] std::string text_of(const std::exception_ptr& thrown);

/// That text, and the kind of failure: that of a request_error, want of memory, or else `internal`.
[[nodiscard]] failure failure_of(const std::exception_ptr& thrown);

/// Makes what a handler of this actor throws the reason why it ends, which those learn who monitor it or
/// are linked to it, and the answer to the request that it was at. To be called first in its behavior.
void end_by_what_is_thrown(caf::scheduled_actor* self);

} // namespace avp
