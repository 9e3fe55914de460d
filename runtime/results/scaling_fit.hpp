// How one cost grows in one series of a sweep.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/pipeline/sweep_spec.hpp"
#include "runtime/results/statistics.hpp"

namespace avp {

/// One quantity of one series over the sizes of a sweep.
struct scaling_fit {
  std::string quantity;
  sweep_series series = sweep_series::latent;
  std::vector<double> means; ///< Over the tasks, for each size.
  line_fit line;
  parabola_fit parabola;
  std::optional<double> exponent; ///< As growth_exponent() of the means.
  std::optional<double> low;      ///< Of its 95 % interval; none with a single task.
  std::optional<double> high;
  std::optional<double> p; ///< As curvature_p() of the means.

  /// "quadratic" where the curvature is no accident (p below 0.05), else "linear"; nothing where p is unknown.
  [[nodiscard]] std::optional<std::string> favoured() const;

  /// "n^1.83 [1.79, 1.87]"; empty without an exponent.
  [[nodiscard]] std::string text() const;

  /// The object of scaling.json.
  [[nodiscard]] nlohmann::ordered_json json() const;
};

/// Fits the curve through the means of `costs`, which has a row for each task and in it a cost for each of `sizes`, at
/// least three. The interval is that of the bootstrap percentile method (Efron and Tibshirani, An Introduction to the
/// Bootstrap, chapter 13) over `samples` of the rows. `costs` must not be empty.
[[nodiscard]] scaling_fit fit_scaling(const std::vector<double>& sizes, const std::vector<std::vector<double>>& costs,
                                      const std::vector<std::vector<std::size_t>>& samples);

} // namespace avp
