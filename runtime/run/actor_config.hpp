// The actor system that a pipeline runs in.
#pragma once

#include <memory>
#include <optional>

#include <caf/actor_system_config.hpp>

#include "runtime/node/node_keys.hpp"
#include "runtime/pipeline/pipeline.hpp"

namespace avp {

/// This machine's keys, where the pipeline has nodes and names them. Throws node_error.
[[nodiscard]] std::optional<node_keys> keys_of(const pipeline& pipeline);

/// Its configuration: with `keys`, where the pipeline has nodes, able to talk to them.
[[nodiscard]] std::unique_ptr<caf::actor_system_config> actor_config(const pipeline& pipeline,
                                                                     const std::optional<node_keys>& keys);

} // namespace avp
