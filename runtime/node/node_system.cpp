// CAF's middleman, with or without TLS.

#include "runtime/node/node_system.hpp"

#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/openssl/publish.hpp>

#include "gpu/device_error.hpp"
#include "runtime/node/caf_guards.hpp"
#include "runtime/node/node_messages.hpp"

namespace avp {

node_system_config::node_system_config(const std::optional<node_keys>& keys, std::chrono::milliseconds timeout) {
  set("scheduler.policy", caf::atom("sharing")); // the stealing policy polls beside the arithmetic threads
  guard_opening_connections(*this, caf::timespan(timeout));
  set("middleman.connection-timeout", caf::timespan(timeout));
  load<caf::io::middleman>();
  add_node_messages(*this);
  if (!keys)
    return;
  load<caf::openssl::manager>();
  openssl_cafile = keys->authority.string();
  openssl_certificate = keys->certificate.string();
  openssl_key = keys->private_key.string();
}

caf::io::middleman_actor connector_of(caf::actor_system& system) {
  return system.has_openssl_manager() ? system.openssl_manager().actor_handle() : system.middleman().actor_handle();
}

std::uint16_t publish_node(caf::actor_system& system, const node_actor& whom, const tcp_address& at) {
  const auto untyped = caf::actor_cast<caf::actor>(whom); // a list of types would go over the wire with a typed one
  const auto hosts = resolve(at);
  if (!hosts)
    throw node_error("the control address " + to_string(at) + " can't be listened on: " + hosts.error().message);
  std::string why;
  for (const auto& host : *hosts) {
    const auto* number = host.host.c_str();
    const auto port = system.has_openssl_manager() ? caf::openssl::publish(untyped, at.port, number, true)
                                                   : system.middleman().publish(untyped, at.port, number, true);
    if (port)
      return *port;
    why = text_of(port.error());
  }
  throw node_error("the control address " + to_string(at) + " can't be listened on: " + why +
                   ". Is it an address of this machine, and is no other program using it?");
}

} // namespace avp
