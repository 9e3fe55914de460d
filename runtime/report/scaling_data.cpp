// Curves from points and fits.
#include "runtime/report/scaling_data.hpp"

#include <algorithm>

namespace avp {

namespace {

using json = nlohmann::ordered_json;

std::optional<double> number_or_nothing(const json& object, const char* key) {
  if (!object.contains(key) || object.at(key).is_null())
    return std::nullopt;
  return object.at(key).get<double>();
}

scaling_curve curve_of(const json& fit, const json& points) {
  scaling_curve curve;
  fit.at("quantity").get_to(curve.quantity);
  fit.at("series").get_to(curve.series);
  fit.at("means").get_to(curve.means);
  curve.exponent = number_or_nothing(fit, "exponent");
  curve.low = number_or_nothing(fit, "low");
  curve.high = number_or_nothing(fit, "high");
  if (fit.contains("favoured") && fit.at("favoured").is_string())
    fit.at("favoured").get_to(curve.favoured);
  const auto& shape = fit.at(curve.favoured == "quadratic" ? "quadratic" : "linear");
  for (const char* key : {"constant", "slope", "square"})
    if (const auto value = number_or_nothing(shape, key))
      curve.coefficients.push_back(*value);
  for (const auto& point : points)
    if (point.at("series") == curve.series)
      if (const auto value = number_or_nothing(point, curve.quantity.c_str()))
        curve.task_points.emplace_back(point.at("n").get<double>(), *value);
  return curve;
}

} // namespace

std::vector<std::string> scaling_data::quantities() const {
  std::vector<std::string> names;
  for (const auto& curve : curves)
    if (std::find(names.begin(), names.end(), curve.quantity) == names.end())
      names.push_back(curve.quantity);
  return names;
}

scaling_data scaling_from_json(const json& object) {
  scaling_data data;
  object.at("over").get_to(data.over);
  object.at("values").get_to(data.sizes);
  object.at("sentences").get_to(data.sentences);
  const bool ascending =
      std::is_sorted(data.sizes.begin(), data.sizes.end()) && !data.sizes.empty() && data.sizes.front() > 0;
  for (const auto& fit : object.at("fits")) {
    data.curves.push_back(curve_of(fit, object.at("points")));
    if (!ascending || data.curves.back().means.size() != data.sizes.size())
      throw json::other_error::create(501, "sizes and means do not go together", &object);
  }
  return data;
}

std::string quantity_name(const std::string& quantity) {
  static const std::map<std::string, std::string> names{{"prompt_tokens", "prompt tokens"},
                                                        {"computed_tokens", "prompt rows computed"},
                                                        {"output_tokens", "output tokens"},
                                                        {"attended", "attention work (rows × keys)"},
                                                        {"device_ms", "device time (ms)"},
                                                        {"cache_bytes", "cache written (bytes)"},
                                                        {"context_bytes", "contexts handed over (bytes)"},
                                                        {"wire_bytes", "sent over sockets (bytes)"}};
  if (const auto known = names.find(quantity); known != names.end())
    return known->second;
  auto name = quantity;
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string scaling_series_name(const std::string& series) {
  return series == "text_unshared" ? "text, unshared" : series;
}

} // namespace avp
