// Plans to JSON and back.
#include "runtime/pipeline/plan_json.hpp"

namespace avp {

using json = nlohmann::ordered_json;

json to_json(const plan& planned) {
  json object = {{"mode", name_of(planned.mode)},
                 {"output", planned.output},
                 {"agents", json::array()},
                 {"edges", json::array()},
                 {"notes", planned.notes}};
  for (const auto& agent : planned.agents) {
    object["agents"].push_back({{"name", agent.name},
                                {"kind", agent.kind},
                                {"makes_text", agent.makes_text},
                                {"after", agent.after},
                                {"contexts_from", agent.contexts_from}});
  }
  for (const auto& edge : planned.edges)
    object["edges"].push_back({{"from", edge.from}, {"to", edge.to}, {"hands_over", name_of(edge.how)}});
  return object;
}

plan plan_from_json(const json& object) {
  plan planned;
  const auto mode = value_named<avp::mode>(object.at("mode").get_ref<const std::string&>());
  if (!mode)
    throw json::other_error::create(501, "no mode", &object);
  planned.mode = *mode;
  planned.output = object.at("output").get<std::string>();
  planned.notes = object.at("notes").get<std::vector<std::string>>();
  for (const auto& one : object.at("agents")) {
    planned_agent agent;
    agent.name = one.at("name").get<std::string>();
    agent.kind = one.at("kind").get<std::string>();
    agent.makes_text = one.at("makes_text").get<bool>();
    agent.after = one.at("after").get<std::vector<std::string>>();
    agent.contexts_from = one.at("contexts_from").get<std::vector<std::string>>();
    planned.agents.push_back(std::move(agent));
  }
  for (const auto& edge : object.at("edges"))
    planned.edges.push_back(
        {edge.at("from").get<std::string>(), edge.at("to").get<std::string>(),
         value_named<hand_over>(edge.at("hands_over").get<std::string>()).value_or(hand_over::text)});
  connect_agents(planned);
  for (auto& agent : planned.agents)
    agent.answers_task = agent.name == planned.output;
  return planned;
}

} // namespace avp
