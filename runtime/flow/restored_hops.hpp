// Hops that were done before, made ready for a task that goes on.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gpu/device_actor.hpp"
#include "runtime/flow/pipeline_actor.hpp"
#include "runtime/node/cluster.hpp"
#include "runtime/pipeline/planned_agent.hpp"
#include "runtime/results/ended_hop.hpp"

namespace avp {

/// A hop that need not be done again.
struct restored_hop {
  ended_hop hop;
  payload context; ///< What it handed over, made by its recipe; none where nobody continues on it.
};

/// Asks the devices for the contexts of a task's hops, and calls `done` with the hops by agent: at once, or in
/// the actor when all contexts came. They take memory and time only when something continues on them. A hop whose
/// context somebody continues on and that can't be made is left out, and so done again: one without a recipe, or of a
/// context that came from outside. Contexts of models that are on other nodes alone are made there. `model_of` gives
/// the name of an agent's model, `place` is the task's.
void restore_hops(pipeline_actor::pointer self, const std::map<std::string, device_actor>& devices,
                  const cluster* nodes, const std::vector<planned_agent>& agents, std::vector<ended_hop> hops,
                  std::uint64_t place, const std::function<std::string(const std::string&)>& model_of,
                  std::function<void(std::map<std::string, restored_hop>)> done);

} // namespace avp
