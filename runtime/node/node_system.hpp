// The actor system of a process that talks to other nodes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman_actor.hpp>

#include <avp/runtime/node/node_keys.hpp>
#include <avp/runtime/text/listen_address.hpp>

namespace avp {

/// Configuration with CAF's middleman: over TLS with both certificates checked where there are keys.
class node_system_config : public caf::actor_system_config {
public:
  /// A connection that is silent for `timeout` is closed.
  node_system_config(const std::optional<node_keys>& keys, std::chrono::milliseconds timeout);
};

/// The actor that opens connections of such a system: over TLS where it has keys.
[[nodiscard]] caf::io::middleman_actor connector_of(caf::actor_system& system);

/// Lets other nodes reach an actor. Gives the port, which the system chooses for port 0. Throws node_error.
std::uint16_t publish_node(const caf::actor& whom, const listen_address& at);

/// Whether somebody accepts TCP connections there, tried for at most `patience`. CAF itself waits as long as the
/// operating system does, minutes where a machine is cut off. Blocks.
[[nodiscard]] bool is_reachable(const listen_address& at, std::chrono::milliseconds patience);

/// The address of this machine by which it talks to a host; nothing where there is no way. Sends nothing.
[[nodiscard]] std::optional<std::string> own_address_towards(const listen_address& host);

} // namespace avp
