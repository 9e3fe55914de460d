// Has the contexts of earlier hops made anew, one request each.
#include "runtime/flow/restored_hops.hpp"

#include <algorithm>
#include <memory>

#include <caf/typed_event_based_actor.hpp>

namespace avp {

namespace {

// What the answers of the devices come together in.
struct gathering {
  std::map<std::string, restored_hop> hops;
  std::size_t missing = 0;
  std::function<void(std::map<std::string, restored_hop>)> done;

  void one_came() {
    if (--missing == 0)
      done(std::move(hops));
  }
};

} // namespace

void restore_hops(pipeline_actor::pointer self, const std::map<std::string, device_actor>& devices,
                  const cluster* nodes, const std::vector<planned_agent>& agents, std::vector<ended_hop> hops,
                  std::uint64_t place, const std::function<std::string(const std::string&)>& model_of,
                  std::function<void(std::map<std::string, restored_hop>)> done) {
  auto all = std::make_shared<gathering>();
  all->done = std::move(done);
  all->missing = 1; // this function
  for (auto& hop : hops) {
    const auto name = hop.agent.name;
    const auto at = std::find_if(agents.begin(), agents.end(), [&](const auto& one) { return one.name == name; });
    if (at == agents.end())
      continue;
    if (at->readers == 0 || !hop.agent.error.empty()) {
      all->hops[name] = {std::move(hop), {}};
      continue;
    }
    rebuild request;
    request.id = next_request_id();
    request.task = place;
    request.label = name;
    request.model = model_of(name);
    request.history = hop.history;
    const auto device = devices.find(request.model);
    if (hop.history && nodes && device == devices.end()) {
      if (auto context = nodes->from_recipe(request.model, hop.history); context.body)
        all->hops[name] = {std::move(hop), std::move(context)};
      continue;
    }
    if (!hop.history || device == devices.end())
      continue;
    ++all->missing;
    self->request(device->second, caf::infinite, std::move(request))
        .then(
            [all, name, hop](result& made) {
              all->hops[name] = {hop, std::move(made.context)};
              all->one_came();
            },
            [all](const caf::error&) { all->one_came(); });
  }
  all->one_came();
}

} // namespace avp
