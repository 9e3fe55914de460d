// Hops that the journal has, made ready for a task that goes on.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>

#include <avp/gpu/device_actor.hpp>
#include <avp/runtime/journal/journal_entry.hpp>
#include <avp/runtime/node/cluster.hpp>
#include <avp/runtime/run/task_flow.hpp>

namespace avp {

/// A hop that need not be done again.
struct restored_hop {
  saved_hop hop;
  payload context; ///< What it handed over, made by its recipe; none where nobody continues on it.
};

/// Asks the devices for the contexts of a task's saved hops, and calls `done` with the hops by agent: at once, or in
/// the actor when all contexts came. They take memory and time only when something continues on them. A hop whose
/// context somebody continues on and that can't be made is left out, and so done again: one without a recipe, or of a
/// context that came from outside. Contexts of models that are on other nodes alone are made there. `model_of` gives
/// the name of an agent's model, `place` is the task's.
void restore_hops(caf::event_based_actor* self, const std::map<std::string, device_actor>& devices,
                  const cluster* nodes, const std::vector<flow_station>& stations, std::vector<saved_hop> hops,
                  std::uint64_t place, const std::function<std::string(const std::string&)>& model_of,
                  std::function<void(std::map<std::string, restored_hop>)> done);

} // namespace avp
