// What a sweep measured and fitted, from scaling.json.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace avp {

/// One quantity of one series over the sizes.
struct scaling_curve {
  std::string quantity;                               ///< As scaling.json calls it: prompt_tokens, attended, …
  std::string series;                                 ///< latent, text, text_unshared.
  std::vector<double> means;                          ///< Over tasks, for each size.
  std::vector<std::pair<double, double>> task_points; ///< Size and value of each task.
  std::optional<double> exponent;                     ///< At the largest size.
  std::optional<double> low;                          ///< Of its 95 % interval.
  std::optional<double> high;
  std::vector<double> coefficients; ///< Of the favoured polynomial: constant, slope, square; empty without a fit.
  std::string favoured;             ///< "linear", "quadratic", or empty.
};

/// A sweep.
struct scaling_data {
  std::string over;          ///< What grows: hops, branches, …
  std::vector<double> sizes; ///< Ascending, above 0.
  std::vector<scaling_curve> curves;
  std::vector<std::string> sentences; ///< What there is to say about it.

  /// The quantities in order.
  [[nodiscard]] std::vector<std::string> quantities() const;
};

/// Reads the object of a scaling.json. Throws nlohmann::json::exception where it has another form.
[[nodiscard]] scaling_data scaling_from_json(const nlohmann::ordered_json& object);

/// What a quantity is called on an axis, with its unit.
[[nodiscard]] std::string quantity_name(const std::string& quantity);

/// What a series is called.
[[nodiscard]] std::string scaling_series_name(const std::string& series);

} // namespace avp
