// Means, curves, and the spread of what is drawn anew.
#include "runtime/results/scaling_fit.hpp"

#include <numeric>

#include "runtime/results/or_null.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {
namespace {

constexpr double level = 0.05; // of the test; 1 − it is the coverage of the interval

std::vector<double> means_of(const std::vector<std::vector<double>>& costs, const std::vector<std::size_t>& rows) {
  std::vector<double> means(costs.front().size());
  for (const auto row : rows)
    for (std::size_t i = 0; i < means.size(); ++i)
      means[i] += costs[row][i] / static_cast<double>(rows.size());
  return means;
}

} // namespace

std::optional<std::string> scaling_fit::favoured() const {
  return p ? std::optional<std::string>(*p < level ? "quadratic" : "linear") : std::nullopt;
}

std::string scaling_fit::text() const {
  if (!exponent)
    return {};
  const auto interval = low ? " [" + with_places(*low, 2) + ", " + with_places(*high, 2) + "]" : "";
  return "n^" + with_places(*exponent, 2) + interval;
}

nlohmann::ordered_json scaling_fit::json() const {
  nlohmann::ordered_json object = {{"quantity", quantity}, {"series", name_of(series)}, {"means", means}};
  object["exponent"] = or_null(exponent);
  object["low"] = or_null(low);
  object["high"] = or_null(high);
  object["linear"] = {{"constant", line.constant}, {"slope", line.slope}, {"residual", line.residual}};
  object["quadratic"] = {{"constant", parabola.constant},
                         {"slope", parabola.slope},
                         {"square", parabola.square},
                         {"residual", parabola.residual}};
  object["p"] = or_null(p);
  object["favoured"] = or_null(favoured());
  return object;
}

scaling_fit fit_scaling(const std::vector<double>& sizes, const std::vector<std::vector<double>>& costs,
                        const std::vector<std::vector<std::size_t>>& samples) {
  std::vector<std::size_t> all(costs.size());
  std::iota(all.begin(), all.end(), 0);
  scaling_fit fit;
  fit.means = means_of(costs, all);
  fit.line = fit_line(sizes, fit.means);
  fit.parabola = fit_parabola(sizes, fit.means);
  fit.exponent = growth_exponent(sizes, fit.means);
  fit.p = curvature_p(sizes, fit.means);
  if (!fit.exponent || costs.size() < 2)
    return fit;
  std::vector<double> exponents;
  for (const auto& rows : samples)
    if (const auto exponent = growth_exponent(sizes, means_of(costs, rows)))
      exponents.push_back(*exponent);
  if (exponents.empty())
    return fit;
  fit.low = quantile(exponents, level / 2);
  fit.high = quantile(exponents, 1 - level / 2);
  return fit;
}

} // namespace avp
