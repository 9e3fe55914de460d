// A pipeline: what its file says, checked, with defaults filled in.
#include "runtime/pipeline/pipeline.hpp"

#include <stdexcept>

namespace avp {

const agent_spec& pipeline::agent(std::string_view agent_name) const {
  for (const auto& spec : agents)
    if (spec.name == agent_name)
      return spec;
  throw std::out_of_range("The pipeline has no agent \"" + std::string(agent_name) + "\".");
}

const model_entry* pipeline::model(std::string_view model_name) const {
  for (const auto& entry : models)
    if (entry.name == model_name)
      return &entry;
  return nullptr;
}

bool pipeline::same_model(std::string_view a, std::string_view b) const {
  const auto* first = model(a);
  const auto* second = model(b);
  return first != nullptr && second != nullptr &&
         (first == second || (first->device == second->device && first->same_weights(*second)));
}

std::string pipeline::first_of(std::string_view model_name) const {
  for (const auto& entry : models)
    if (same_model(entry.name, model_name))
      return entry.name;
  return std::string(model_name);
}

// A model that guesses may have another one that guesses for its own answers.
void add_drafts(const pipeline& p, std::set<std::string>& models) {
  std::vector<std::string> left(models.begin(), models.end());
  while (!left.empty()) {
    const auto* model = p.model(left.back());
    left.pop_back();
    if (model != nullptr && model->draft && p.model(model->draft->model) != nullptr &&
        models.insert(model->draft->model).second)
      left.push_back(model->draft->model);
  }
}

std::set<std::string> models_here(const pipeline& p) {
  std::set<std::string> here, elsewhere;
  bool is_unclear = p.agents.empty();
  for (const auto& agent : p.agents) {
    if (p.model(agent.model) == nullptr)
      is_unclear = true;
    else
      (agent.nodes.empty() ? here : elsewhere).insert(agent.model);
  }
  for (const auto& model : p.models)
    if (is_unclear && !elsewhere.contains(model.name))
      here.insert(model.name);
  add_drafts(p, here);
  return here;
}

std::optional<std::vector<avp::mode>> modes_named(std::string_view name) {
  if (name == all_modes)
    return std::vector(all_values<mode>.begin(), all_values<mode>.end());
  if (const auto one = value_named<mode>(name))
    return std::vector{*one};
  return {};
}

} // namespace avp
