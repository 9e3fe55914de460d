// Flows of the modes.
#include <algorithm>
#include <set>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/report/flow_chart.hpp"
#include "runtime/report/report_sections.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

std::string word_at(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object.at(key).is_string() ? object.at(key).get<std::string>()
                                                                                  : "";
}

// What stands in an agent's box beside its kind: the model, where there are several; how it joins contexts; what of its
// own it hands on, where that is not all.
std::map<std::string, std::string> details_of(const json& facts, const plan& planned) {
  const auto agents =
      facts.is_object() && facts.contains("agents") && facts.at("agents").is_array() ? facts.at("agents") : json();
  std::set<std::string> models;
  for (const auto& agent : agents)
    models.insert(word_at(agent, "model"));
  std::map<std::string, std::string> details;
  for (const auto& agent : agents) {
    const auto name = word_at(agent, "name");
    const auto* runs = planned.find(name);
    std::string words;
    const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " · ") + word; };
    if (models.size() > 1)
      add(word_at(agent, "model"));
    if (runs && runs->contexts_from.size() > 1)
      add(word_at(agent, "merge"));
    if (const auto keep = word_at(agent, "keep"); planned.mode == mode::latent && !keep.empty() && keep != "all")
      add("keeps " + keep);
    if (!words.empty())
      details[name] = words;
  }
  return details;
}

// Whether an agent continues a context for which the flow has no edge.
bool continues_elsewhere(const plan& planned) {
  const auto is_edge = [&](const std::string& from, const std::string& to) {
    return std::any_of(planned.edges.begin(), planned.edges.end(),
                       [&](const auto& edge) { return edge.from == from && edge.to == to; });
  };
  return std::any_of(planned.agents.begin(), planned.agents.end(), [&](const auto& agent) {
    return std::any_of(agent.contexts_from.begin(), agent.contexts_from.end(),
                       [&](const auto& from) { return !is_edge(from, agent.name); });
  });
}

// A flow that is there already, in another run, only gets one more name.
void add(json& flows, json flow) {
  for (auto& other : flows)
    if (other.at("chart_svg") == flow.at("chart_svg") && other.at("notes") == flow.at("notes")) {
      other["caption"] = other.at("caption").get<std::string>() + ", " + flow.at("caption").get<std::string>();
      return;
    }
  flows.push_back(std::move(flow));
}

} // namespace

json flow_section(const std::vector<recorded_run>& runs) {
  auto flows = json::array();
  bool continues = false;
  for (const auto& run : runs) {
    for (const auto& planned : run.plans) {
      continues = continues || continues_elsewhere(planned);
      json flow = {{"caption", (runs.size() > 1 ? run.label + " · " : "") + std::string(name_of(planned.mode))},
                   {"chart_svg", flow_chart(planned, details_of(run.facts, planned))},
                   {"notes", json::array()}};
      for (const auto& note : planned.notes)
        flow["notes"].push_back({{"text", note}});
      add(flows, std::move(flow));
    }
  }
  return flows.empty() ? json(nullptr) : json{{"flows", flows}, {"continues", continues}};
}

} // namespace avp
