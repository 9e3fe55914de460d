// One request for each context that somebody continues on.
#include <algorithm>
#include <memory>

#include <avp/runtime/run/restored_hops.hpp>

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

void restore_hops(caf::event_based_actor* self, const std::map<std::string, device_actor>& devices,
                  const cluster* nodes, const std::vector<flow_station>& stations, std::vector<saved_hop> hops,
                  std::uint64_t place, const std::function<std::string(const std::string&)>& model_of,
                  std::function<void(std::map<std::string, restored_hop>)> done) {
  auto all = std::make_shared<gathering>();
  all->done = std::move(done);
  all->missing = 1; // this function
  for (auto& hop : hops) {
    const auto name = hop.agent.name;
    const auto at =
        std::find_if(stations.begin(), stations.end(), [&](const auto& one) { return one.plan.name == name; });
    if (at == stations.end())
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
