// From the tables of a pipeline to devices.
#include "runtime/run/device_configs.hpp"

#include <map>
#include <set>

namespace avp {

std::vector<device_config> device_configs(const pipeline& pipeline, const std::vector<plan>& plans) {
  std::set<std::string> used;
  for (const auto& plan : plans)
    for (const auto& agent : plan.agents)
      if (const auto& spec = pipeline.agent(agent.name); spec.nodes.empty())
        used.insert(spec.model);
  add_drafts(pipeline, used);
  std::map<std::string, device_config> by_name;
  for (const auto& model : pipeline.models) {
    if (!used.contains(model.name))
      continue;
    auto& config = by_name[model.device];
    config.device = model.device;
    config.models.push_back(model);
  }
  for (const auto& device : pipeline.devices) {
    const auto found = by_name.find(device.name);
    if (found == by_name.end())
      continue;
    found->second.threads = device.threads;
    found->second.kv_memory = device.kv_memory;
    found->second.prefix_sharing = device.prefix_sharing;
  }
  std::vector<device_config> configs;
  for (auto& [name, config] : by_name)
    configs.push_back(std::move(config));
  return configs;
}

} // namespace avp
