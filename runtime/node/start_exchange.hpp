// Starts the thread of a context exchange.
#pragma once

#include <memory>

#include <caf/actor_system.hpp>

#include "runtime/node/exchange_actor.hpp"
#include "runtime/node/exchange_options.hpp"
#include "runtime/node/kept_contexts.hpp"
#include "runtime/node/traffic_ledger.hpp"
#include "runtime/node/unwanted_tickets.hpp"

namespace avp {

/// What the exchange's thread has in common with its callers.
struct exchange_shared {
  exchange_options options;
  kept_contexts contexts;
  traffic_ledger traffic;
  unwanted_tickets unwanted;
};

/// Starts the actor on a thread of its own.
[[nodiscard]] exchange_actor start_exchange(caf::actor_system& system, std::shared_ptr<exchange_shared> shared);

} // namespace avp
