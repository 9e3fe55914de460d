// avp-node, from arguments to exit status.
#pragma once

#include "agents/registry.hpp"

namespace avp {

/// Runs avp-node with kinds of one's own beside those of plugins. Gives the exit status: 0 after a signal once the hops
/// under way are done, 1 when a device died, 2 for a bad file or arguments. Ends the process by itself where signals
/// ask for it (interrupt_guard). Call limit_spinning() before it.
[[nodiscard]] int node_main(int argc, const char* const* argv, registry kinds = {});

} // namespace avp
