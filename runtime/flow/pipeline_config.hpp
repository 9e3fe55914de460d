// What a pipeline is made of.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agents/registry.hpp"
#include "gpu/device_actor.hpp"
#include "runtime/node/cluster.hpp"
#include "runtime/pipeline/plan.hpp"

namespace avp {

/// What a pipeline runs on.
struct pipeline_config {
  std::shared_ptr<const avp::pipeline> pipeline;
  const registry* kinds = nullptr; ///< Outlives the actor.
  avp::plan plan;
  std::map<std::string, device_actor> devices; ///< By the name of each model on it.
  cluster* nodes = nullptr;                    ///< Where some agents run on other nodes; outlives the actor.
};

} // namespace avp
