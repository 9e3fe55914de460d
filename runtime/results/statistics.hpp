// Curves through points, how fast they grow, and how sure that is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace avp {

/// y = constant + slope·x.
struct line_fit {
  double constant = 0;
  double slope = 0;
  double residual = 0; ///< Sum of squares that remains.
};

/// y = constant + slope·x + square·x².
struct parabola_fit {
  double constant = 0;
  double slope = 0;
  double square = 0;
  double residual = 0; ///< Sum of squares that remains.
};

/// Least squares. There must be as many `y` as `x`, and at least two different x.
[[nodiscard]] line_fit fit_line(std::span<const double> x, std::span<const double> y);

/// Least squares. There must be as many `y` as `x`, and at least three different x.
[[nodiscard]] parabola_fit fit_parabola(std::span<const double> x, std::span<const double> y);

/// Probability that |t| is at least this under Student's t distribution with `degrees` (1 or more) degrees of freedom.
[[nodiscard]] double student_tails(double t, int degrees);

/// How probable so much curvature would be if the points lay on a line and were off by chance: the extra-sum-of-squares
/// F-test of the parabola against the line. 1 for points on a line but for rounding; nothing for fewer than four
/// points, where every parabola fits.
[[nodiscard]] std::optional<double> curvature_p(std::span<const double> x, std::span<const double> y);

/// d log y / d log x at the last x: the slope there of log y as a parabola in log x. Nothing with fewer than three
/// points, or where an x or y is not above 0.
[[nodiscard]] std::optional<double> growth_exponent(std::span<const double> x, std::span<const double> y);

/// The value below which the share `share` (0 to 1) of `values` lies, interpolated between neighbours. `values` must
/// not be empty.
[[nodiscard]] double quantile(std::vector<double> values, double share);

/// `count` samples of the numbers 0 … size − 1, each of `size` draws with replacement; the same ones for the same seed.
[[nodiscard]] std::vector<std::vector<std::size_t>> resamples(std::size_t size, std::size_t count, std::uint64_t seed);

} // namespace avp
