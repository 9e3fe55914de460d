// Thoughts to JSON and back.
#include "runtime/results/thought_json.hpp"

#include <cmath>

namespace avp {

namespace {

using json = nlohmann::ordered_json;

double with_decimals(double number, double scale) { return std::round(number * scale) / scale; }

double short_number(double number) { return with_decimals(number, 1e4); }

json json_of_step(const thought_step& step) {
  auto tokens = json::array();
  for (const auto& [id, text, probability] : step.tokens)
    tokens.push_back({{"id", id}, {"text", text}, {"probability", with_decimals(probability, 1e6)}});
  json object = {
      {"tokens", std::move(tokens)}, {"entropy", short_number(step.entropy)}, {"norm", short_number(step.norm)}};
  object["cosine"] = step.cosine ? json(short_number(*step.cosine)) : json(nullptr);
  return object;
}

thought_step step_from_json(const json& object) {
  thought_step step;
  for (const auto& token : object.at("tokens"))
    step.tokens.push_back({token.at("id"), token.at("text"), token.at("probability")});
  step.entropy = object.at("entropy");
  step.norm = object.at("norm");
  if (const auto& cosine = object.at("cosine"); !cosine.is_null())
    step.cosine = cosine.get<double>();
  return step;
}

} // namespace

json to_json(const thought& of) {
  if (of.empty())
    return nullptr;
  json object = {{"warnings", of.warning_names()}, {"steps", json::array()}};
  for (const auto& step : of.steps)
    object["steps"].push_back(json_of_step(step));
  return object;
}

thought thought_from_json(const json& value) {
  thought made;
  if (value.is_null())
    return made;
  made.warn_by_names(value.at("warnings"));
  for (const auto& step : value.at("steps"))
    made.steps.push_back(step_from_json(step));
  return made;
}

} // namespace avp
