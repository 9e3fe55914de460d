// Plans to JSON and back.
#include <avp/runtime/pipeline/plan_json.hpp>

namespace avp {

namespace {

using json = nlohmann::ordered_json;

constexpr auto context_word = "context";
constexpr auto text_word = "text";

} // namespace

json to_json(const plan& planned) {
  json object = {{"mode", mode_name(planned.mode)},
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
    object["edges"].push_back({{"from", edge.from},
                               {"to", edge.to},
                               {"hands_over", edge.how == hand_over::context ? context_word : text_word}});
  return object;
}

plan plan_from_json(const json& object) {
  plan planned;
  const auto modes = modes_named(object.at("mode").get_ref<const std::string&>());
  if (!modes || modes->size() != 1)
    throw json::other_error::create(501, "no mode", &object);
  planned.mode = modes->front();
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
    planned.edges.push_back({edge.at("from").get<std::string>(), edge.at("to").get<std::string>(),
                             edge.at("hands_over") == context_word ? hand_over::context : hand_over::text});
  return planned;
}

} // namespace avp
