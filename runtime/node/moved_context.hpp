// A context that went from one node to another.
#pragma once

#include <cstdint>

#include "transport/payload.hpp"

namespace avp {

/// A context that came, and what it took.
struct moved_context {
  payload context;               ///< Of the device; its recipe is the wanted one. Empty where this side sent it.
  std::uint64_t wire_bytes = 0;  ///< Of its AVP messages on the socket.
  std::uint64_t whole_bytes = 0; ///< What the context from its first position on would have been, uncompressed.
};

} // namespace avp
