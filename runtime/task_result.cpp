// Results as JSON.
#include <cmath>

#include <avp/runtime/pipeline.hpp>
#include <avp/runtime/task_result.hpp>

namespace avp {

namespace {

using json = nlohmann::ordered_json;

double rounded(double ms) { return std::round(ms * 1000) / 1000; }

void add_costs(json& object, const counts& counts, const handed_over& handed) {
  object["prompt_tokens"] = counts.prompt_tokens;
  object["computed_tokens"] = counts.computed_tokens;
  object["latent_steps"] = counts.latent_steps;
  object["output_tokens"] = counts.output_tokens;
  object["attended"] = counts.attended;
  object["cache_bytes"] = counts.cache_bytes;
  object["device_ms"] = rounded(counts.device_ms);
  object["context_tokens"] = handed.context_tokens;
  object["context_bytes"] = handed.context_bytes;
  object["wire_bytes"] = handed.wire_bytes;
}

json to_json(const agent_result& agent) {
  json object = {{"name", agent.name}, {"kind", agent.kind}, {"node", agent.node}, {"text", agent.text}};
  object["ms"] = rounded(agent.ms);
  add_costs(object, agent.counts, agent.handed_over);
  return object;
}

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

} // namespace

handed_over& handed_over::operator+=(const handed_over& other) {
  context_tokens += other.context_tokens;
  context_bytes += other.context_bytes;
  wire_bytes += other.wire_bytes;
  return *this;
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
  return point ? series_text(point->series) + ", " + size_of_sweep(point->over, point->n)
               : std::string(mode_name(mode));
}

std::string to_json_line(const task_result& result) {
  json object = {{"task", result.task}, {"mode", mode_name(result.mode)}, {"ok", result.ok()}};
  if (const auto& point = result.sweep)
    object["sweep"] = {{"over", over_name(point->over)}, {"n", point->n}, {"series", series_name(point->series)}};
  object["error"] = result.ok() ? json(nullptr) : json(result.error);
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

} // namespace avp
