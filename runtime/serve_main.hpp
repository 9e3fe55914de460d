// avp-serve as a function, for programs that register agent kinds of their own.
#pragma once

#include "agents/registry.hpp"

namespace avp {

/// Does what avp-serve does with these arguments and returns its exit status. A pipeline may name the given kinds. Call
/// limit_spinning() (gpu/spin_limit.hpp) first in main().
int serve_main(int argc, const char* const* argv, registry kinds = {});

} // namespace avp
