// Starting and ending what is served.
#include "runtime/serve/served_models.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <caf/scoped_actor.hpp>

#include "gpu/user_error.hpp"
#include "runtime/flow/start_pipeline.hpp"
#include "runtime/serve/api_error.hpp"
#include "runtime/text/words.hpp"
#include "transport/nearest_name.hpp"

namespace avp {

namespace {

std::vector<plan> plans_of(const served_pipeline& served) {
  std::vector<plan> plans;
  for (const auto& [mode, planned] : served.plans)
    plans.push_back(planned);
  return plans;
}

} // namespace

served_models::served_models(caf::actor_system& system, std::vector<served_pipeline> pipelines, const registry& kinds,
                             const std::optional<node_keys>& keys)
    : system_(system),
      devices_(system, devices_of(pipelines), false, std::nullopt) {
  const auto with_nodes = std::ranges::find_if(pipelines, [](const auto& served) { return has_nodes(*served.whole); });
  if (with_nodes != pipelines.end())
    nodes_ =
        std::make_unique<cluster>(system, *with_nodes->whole, plans_of(*with_nodes), keys, devices_.node_counters());
  devices_.start();
  if (nodes_)
    nodes_->prepare(devices_.by_model());
  try {
    for (auto& served : pipelines)
      start(std::move(served), kinds);
  } catch (...) {
    end();
    throw;
  }
}

served_models::~served_models() { end(); }

void served_models::start(served_pipeline served, const registry& kinds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto& model = models_.emplace_back();
  model.created = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  for (const auto& [mode, planned] : served.plans)
    model.asked[mode] = start_pipeline(system_, {served.whole, &kinds, planned, devices_.by_model(),
                                                 has_nodes(*served.whole) ? nodes_.get() : nullptr});
  model.pipeline = std::move(served);
}

void served_models::end() {
  caf::scoped_actor self(system_);
  std::size_t ending = 0;
  for (const auto& model : models_)
    for (const auto& [mode, asked] : model.asked) {
      self->monitor(asked);
      self->send_exit(asked, caf::exit_reason::user_shutdown);
      ++ending;
    }
  for (; ending > 0; --ending)
    self->receive([](const caf::down_msg&) {}); // they use the nodes
}

const served_model& served_models::find(const std::string& id) const {
  if (id.empty() && models_.size() == 1)
    return models_.front();
  std::vector<std::string> ids;
  for (const auto& model : models_) {
    if (model.pipeline.id == id)
      return model;
    ids.push_back(model.pipeline.id);
  }
  const auto nearest = nearest_name(id, ids);
  if (id.empty())
    throw request_refused({.message = "model: say which one; there are: " + listed(ids), .param = "model"});
  throw request_refused({.status = 404,
                         .message = "There is no model \"" + id + "\" here; there are: " + listed(ids) +
                                    (nearest ? did_you_mean(*nearest) : ""),
                         .param = "model",
                         .code = "model_not_found"});
}

const pipeline& pipeline_with_nodes(const std::vector<served_pipeline>& pipelines) {
  const served_pipeline* found = nullptr;
  for (const auto& served : pipelines) {
    if (!has_nodes(*served.whole))
      continue;
    if (found != nullptr)
      throw user_error(served.file.string() + ": one server can serve one pipeline with nodes, and " +
                       found->file.string() + " has some, too; start a server for each");
    found = &served;
  }
  return *(found ? found->whole : pipelines.front().whole);
}

} // namespace avp
