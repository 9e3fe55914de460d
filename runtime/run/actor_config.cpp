// Settings of the actor system, for one machine or for several.
#include "runtime/run/actor_config.hpp"

#include <chrono>
#include <cstdint>

#include <caf/atom.hpp>

#include "runtime/node/cluster.hpp"
#include "runtime/node/node_system.hpp"

namespace avp {

std::optional<node_keys> keys_of(const pipeline& pipeline) {
  if (has_nodes(pipeline) && pipeline.node_rules.keys)
    return read_node_keys(*pipeline.node_rules.keys);
  return std::nullopt;
}

std::unique_ptr<caf::actor_system_config> actor_config(const pipeline& pipeline, const std::optional<node_keys>& keys) {
  if (has_nodes(pipeline))
    return std::make_unique<node_system_config>(
        keys, std::chrono::milliseconds(static_cast<std::int64_t>(pipeline.node_rules.timeout * 1000)));
  auto config = std::make_unique<caf::actor_system_config>();
  config->set("scheduler.policy", caf::atom("sharing")); // the stealing policy polls beside the arithmetic threads
  return config;
}

} // namespace avp
