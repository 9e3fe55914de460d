// What the actor of a node works with.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "agents/registry.hpp"
#include "runtime/node/context_exchange.hpp"
#include "runtime/node/node_models.hpp"

namespace avp {

/// What the actor of a node works with. Everything outlives it.
struct node_parts {
  std::string name;
  std::uint64_t incarnation = 0; ///< Drawn at start.
  std::string public_key;        ///< CURVE key of its data plane; empty without keys.
  const registry* kinds = nullptr;
  node_models* models = nullptr;
  context_exchange* exchange = nullptr;
  std::chrono::milliseconds patience{5000}; ///< For a context that another node sends; then it is made anew.
};

} // namespace avp
