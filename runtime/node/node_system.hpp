// The actor system of a process that talks to other nodes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman_actor.hpp>

#include "runtime/node/node_actor.hpp"
#include "runtime/node/node_keys.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// Configuration with CAF's middleman: over TLS with both certificates checked where there are keys.
class node_system_config : public caf::actor_system_config {
public:
  /// A connection that is silent for `timeout` is closed.
  node_system_config(const std::optional<node_keys>& keys, std::chrono::milliseconds timeout);
};

/// The actor that opens connections of such a system: over TLS where it has keys.
[[nodiscard]] caf::io::middleman_actor connector_of(caf::actor_system& system);

/// Lets other nodes reach an actor, at the first address of a name that this machine has. Gives the port, which the
/// system chooses for port 0. Throws node_error.
std::uint16_t publish_node(caf::actor_system& system, const node_actor& whom, const tcp_address& at);

} // namespace avp
