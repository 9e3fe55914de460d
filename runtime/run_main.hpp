// The program avp-run as a function, for runners with agent kinds of their own.
#pragma once

#include "agents/registry.hpp"

namespace avp {

/// Runs avp-run with these agent kinds. Returns the exit status: 0 all tasks done, 1 some failed, 2 bad file or
/// arguments, 130 interrupted. Call limit_spinning() before it.
[[nodiscard]] int run_main(int argc, const char* const* argv, registry kinds = {});

} // namespace avp
