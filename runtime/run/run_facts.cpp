// Collecting what a reader of the results wants to know of the run.
#include "runtime/run/run_facts.hpp"

#include <ctime>
#include <fstream>
#include <thread>

#include <caf/config.hpp>
#include <fmt/chrono.h>

#include "gpu/kernels/kernel_path.hpp"
#include "gpu/torch_version.hpp"
#include "runtime/pipeline/plan_json.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

// As Linux calls it; empty elsewhere.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      if (const auto colon = line.find(": "); colon != std::string::npos)
        return line.substr(colon + 2);
  return {};
}

std::string caf_version() {
  return std::to_string(CAF_VERSION / 10000) + "." + std::to_string(CAF_VERSION / 100 % 100) + "." +
         std::to_string(CAF_VERSION % 100);
}

json model_facts(const model_entry& model, const std::map<std::string, weight_format>& formats) {
  const auto used = formats.find(model.name);
  const auto format = used == formats.end() ? model.format : std::optional(used->second);
  json facts = {{"name", model.name}, {"source", model.source}, {"device", model.device}};
  facts["dtype"] = format ? json(name_of(*format)) : json(nullptr);
  facts["numerics"] = model.layercast ? json("layercast") : json(nullptr);
  facts["draft"] = model.draft ? json(model.draft->text()) : json(nullptr);
  return facts;
}

} // namespace

json run_facts(const run_origin& origin, const pipeline& pipeline, const std::vector<plan>& plans,
               const std::map<std::string, weight_format>& formats) {
  json facts = {{"pipeline", pipeline.name},
                {"command", origin.command},
                {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
                {"versions", {{"avp-runtime", AVP_VERSION}, {"torch", torch_version()}, {"caf", caf_version()}}},
                {"processor", processor_name()},
                {"kernels", name_of(fastest_kernel_path())},
                {"cores", std::thread::hardware_concurrency()},
                {"seed", pipeline.seed},
                {"concurrency", origin.concurrency},
                {"models", json::array()},
                {"nodes", json::array()},
                {"agents", json::array()},
                {"plans", json::array()}};
  for (const auto& model : pipeline.models)
    facts["models"].push_back(model_facts(model, formats));
  for (const auto& node : pipeline.nodes)
    facts["nodes"].push_back({{"name", node.name}, {"control", node.control}, {"data", node.data}});
  for (const auto& agent : pipeline.agents)
    facts["agents"].push_back({{"name", agent.name},
                               {"model", agent.model},
                               {"merge", name_of(agent.merge)},
                               {"keep", name_of(agent.keep)},
                               {"nodes", agent.nodes}});
  for (const auto& planned : plans)
    facts["plans"].push_back(to_json(planned));
  return facts;
}

} // namespace avp
