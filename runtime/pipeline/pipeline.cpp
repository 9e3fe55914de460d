// A pipeline: what its file says, checked, with defaults filled in.
#include <stdexcept>

#include <avp/runtime/pipeline/pipeline.hpp>

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

std::set<std::string> models_here(const pipeline& p) {
  std::set<std::string> here;
  for (const auto& model : p.models)
    here.insert(model.name);
  for (const auto& agent : p.agents)
    if (!agent.nodes.empty())
      here.erase(agent.model);
  for (const auto& agent : p.agents)
    if (agent.nodes.empty())
      here.insert(agent.model);
  return here;
}

std::string_view mode_name(avp::mode m) {
  switch (m) {
  case mode::latent:
    return "latent";
  case mode::text:
    return "text";
  case mode::direct:
    return "direct";
  }
  return "";
}

std::string_view merge_name(join_way way) {
  switch (way) {
  case join_way::concatenate:
    return "concatenate";
  case join_way::canonical:
    return "canonical";
  case join_way::sequence:
    return "sequence";
  }
  return "";
}

std::string_view keep_name(keep part) {
  switch (part) {
  case keep::all:
    return "all";
  case keep::last_agent:
    return "last_agent";
  case keep::latent_only:
    return "latent_only";
  }
  return "";
}

std::optional<std::vector<avp::mode>> modes_named(std::string_view name) {
  const std::vector<avp::mode> all{mode::latent, mode::text, mode::direct};
  if (name == "all")
    return all;
  for (const auto m : all)
    if (mode_name(m) == name)
      return std::vector{m};
  return {};
}

} // namespace avp
