// Results as JSON.
#include "runtime/results/task_result.hpp"

#include <cmath>
#include <stdexcept>

#include "runtime/pipeline/plan.hpp"
#include "runtime/results/or_null.hpp"
#include "runtime/results/thought_json.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

double rounded(double ms) { return std::round(ms * 1000) / 1000; }

void add_costs(json& object, const counts& counts, const handed_over& handed) {
  object["prompt_tokens"] = counts.prompt_tokens;
  object["computed_tokens"] = counts.computed_tokens;
  object["latent_steps"] = counts.latent_steps;
  object["output_tokens"] = counts.output_tokens;
  object["guessed_tokens"] = counts.guessed_tokens;
  object["accepted_tokens"] = counts.accepted_tokens;
  object["attended"] = counts.attended;
  object["cache_bytes"] = counts.cache_bytes;
  object["device_ms"] = rounded(counts.device_ms);
  object["context_tokens"] = handed.context_tokens;
  object["context_bytes"] = handed.context_bytes;
  object["wire_bytes"] = handed.wire_bytes;
}

// Of an agent or a task.
template <class Result>
void add_error(json& object, const Result& result) {
  object["error"] = result.error.empty() ? json(nullptr) : json(result.error);
  object["error_code"] = result.error_code ? json(name_of(*result.error_code)) : json(nullptr);
}

json to_json(const received_thought& one) {
  json object = {{"from", one.from}, {"path", one.path()}};
  if (!one.facts)
    return object;
  visit_figures(*one.facts, [&](const char* name, const auto& value) { object[name] = value; });
  return object;
}

received_thought received_from_json(const json& object) {
  received_thought one;
  one.from = object.at("from");
  const auto path = object.at("path").get<std::string>();
  one.as_text = path == name_of(hand_over::text);
  const auto method = value_named<projection_method>(path);
  if (!method)
    return one;
  auto& facts = one.facts.emplace();
  facts.method = *method;
  visit_figures(facts, [&](const char* name, auto& value) { object.at(name).get_to(value); });
  return one;
}

json to_json(const agent_result& agent) {
  json object = {{"name", agent.name}, {"kind", agent.kind}, {"node", agent.node}};
  add_error(object, agent);
  object["text"] = agent.text;
  object["ms"] = rounded(agent.ms);
  object["retries"] = agent.retries;
  object["fetch_ms"] = rounded(agent.fetch_ms);
  add_costs(object, agent.counts, agent.handed_over);
  object["thought"] = to_json(agent.thought);
  for (const auto& one : agent.received) // only pipelines of several models have any
    object["received"].push_back(to_json(one));
  return object;
}

void read_costs(const json& object, counts& counts, handed_over& handed) {
  counts.prompt_tokens = object.at("prompt_tokens");
  counts.computed_tokens = object.at("computed_tokens");
  counts.latent_steps = object.at("latent_steps");
  counts.output_tokens = object.at("output_tokens");
  counts.guessed_tokens = object.value("guessed_tokens", std::int64_t{0}); // results of earlier versions have none
  counts.accepted_tokens = object.value("accepted_tokens", std::int64_t{0});
  handed.context_tokens = object.at("context_tokens");
  handed.context_bytes = object.at("context_bytes");
  handed.wire_bytes = object.at("wire_bytes");
}

template <class T>
std::optional<T> unless_null(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<T>());
}

std::optional<error_code> code_in(const json& object) {
  const auto named = object.value("error_code", json()); // results of earlier versions have none
  return named.is_null() ? std::nullopt : value_named<error_code>(named.get<std::string>());
}

agent_result agent_from_json(const json& object) {
  agent_result agent;
  agent.name = object.at("name");
  agent.kind = object.at("kind");
  agent.node = object.at("node");
  agent.error = unless_null<std::string>(object.at("error")).value_or("");
  agent.error_code = code_in(object);
  agent.text = object.at("text");
  agent.ms = object.at("ms");
  agent.retries = object.value("retries", 0); // results of earlier versions have none
  agent.fetch_ms = object.value("fetch_ms", 0.0);
  read_costs(object, agent.counts, agent.handed_over);
  agent.thought = thought_from_json(object.value("thought", json())); // results of earlier versions have none
  for (const auto& one : object.value("received", json::array()))
    agent.received.push_back(received_from_json(one));
  return agent;
}

} // namespace

handed_over& handed_over::operator+=(const handed_over& other) {
  context_tokens += other.context_tokens;
  context_bytes += other.context_bytes;
  wire_bytes += other.wire_bytes;
  return *this;
}

std::string received_thought::path() const {
  return std::string(as_text ? name_of(hand_over::text)
                     : facts ? name_of(facts->method)
                             : name_of(hand_over::projection));
}

void agent_result::fail(const failure& why) {
  error = why.text;
  error_code = why.code;
}

void task_result::fail(const failure& why) {
  error = why.text;
  error_code = why.code;
}

counts task_result::counts() const {
  avp::counts sum;
  for (const auto& agent : agents)
    sum += agent.counts;
  return sum;
}

handed_over task_result::handed_over() const {
  avp::handed_over sum;
  for (const auto& agent : agents)
    sum += agent.handed_over;
  return sum;
}

std::string variant_text(mode mode, const std::optional<sweep_point>& point) {
  return point ? series_text(point->series) + ", " + size_of_sweep(point->over, point->n) : std::string(name_of(mode));
}

std::string to_json_line(const task_result& result) {
  json object = {{"task", result.task}, {"mode", name_of(result.mode)}, {"ok", result.ok()}};
  if (const auto& point = result.sweep)
    object["sweep"] = {{"over", name_of(point->over)}, {"n", point->n}, {"series", name_of(point->series)}};
  add_error(object, result);
  object["text"] = result.text;
  object["expected"] = or_null(result.expected);
  object["score"] = or_null(result.score);
  object["ms"] = rounded(result.ms);
  add_costs(object, result.counts(), result.handed_over());
  object["agents"] = json::array();
  for (const auto& agent : result.agents)
    object["agents"].push_back(to_json(agent));
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

task_result from_json_line(std::string_view line) {
  const auto object = json::parse(line);
  task_result result;
  result.task = object.at("task");
  const auto mode = value_named<avp::mode>(object.at("mode").get<std::string>());
  if (!mode)
    throw std::runtime_error("no mode is called " + object.at("mode").dump());
  result.mode = *mode;
  result.error = object.at("ok").get<bool>() ? "" : object.at("error").get<std::string>();
  result.error_code = code_in(object);
  result.text = object.at("text");
  result.expected = unless_null<std::string>(object.at("expected"));
  result.score = unless_null<double>(object.at("score"));
  result.ms = object.at("ms");
  for (const auto& agent : object.at("agents"))
    result.agents.push_back(agent_from_json(agent));
  return result;
}

} // namespace avp
