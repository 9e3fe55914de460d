// Curves through points, how fast they grow, and how sure that is.
#include "runtime/results/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>

namespace avp {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The least-squares parabola as ȳ + slope·u + square·v, with u = x − x̄ and v = u² − tilt·u − level. 1, u and v are
/// orthogonal over the points, so each coefficient is fitted alone and the line is the same without the last term.
struct orthogonal_fit {
  double center = 0;
  double mean = 0;
  double tilt = 0;
  double level = 0;
  double slope = 0;
  double square = 0;

  orthogonal_fit(std::span<const double> x, std::span<const double> y) : center(mean_of(x)), mean(mean_of(y)) {
    double u2 = 0;
    double u3 = 0;
    double uy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double u = x[i] - center;
      u2 += u * u;
      u3 += u * u * u;
      uy += u * (y[i] - mean);
    }
    slope = uy / u2;
    tilt = u3 / u2;
    level = u2 / static_cast<double>(x.size());
    double v2 = 0;
    double vy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double v = this->v(x[i]);
      v2 += v * v;
      vy += v * (y[i] - mean);
    }
    square = vy / v2;
  }

  [[nodiscard]] double u(double x) const { return x - center; }
  [[nodiscard]] double v(double x) const { return u(x) * u(x) - tilt * u(x) - level; }
  [[nodiscard]] double line_at(double x) const { return mean + slope * u(x); }
  [[nodiscard]] double parabola_at(double x) const { return line_at(x) + square * v(x); }
};

template <class Curve>
double residual_of(std::span<const double> x, std::span<const double> y, Curve curve) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    sum += (y[i] - curve(x[i])) * (y[i] - curve(x[i]));
  return sum;
}

} // namespace

line_fit fit_line(std::span<const double> x, std::span<const double> y) {
  const orthogonal_fit fit(x, y);
  return {fit.mean - fit.slope * fit.center, fit.slope, residual_of(x, y, [&](double at) { return fit.line_at(at); })};
}

parabola_fit fit_parabola(std::span<const double> x, std::span<const double> y) {
  const orthogonal_fit fit(x, y);
  const double slope = fit.slope - fit.square * (2 * fit.center + fit.tilt);
  const double constant =
      fit.mean - fit.slope * fit.center + fit.square * (fit.center * fit.center + fit.tilt * fit.center - fit.level);
  return {constant, slope, fit.square, residual_of(x, y, [&](double at) { return fit.parabola_at(at); })};
}

// Finite sums for whole degrees of freedom: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
// and 26.7.4.
double student_tails(double t, int degrees) {
  const double angle = std::atan(std::abs(t) / std::sqrt(degrees));
  const double cosine = std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1;
  double sum = degrees == 1 ? 0 : term;
  for (int i = odd ? 3 : 2; i + 2 <= degrees; i += 2) {
    term *= cosine * cosine * static_cast<double>(i - 1) / i;
    sum += term;
  }
  const double inside = odd ? 2 / std::numbers::pi * (angle + std::sin(angle) * sum) : std::sin(angle) * sum;
  return std::clamp(1 - inside, 0.0, 1.0);
}

// F with 1 and m − 3 degrees of freedom is the square of t with m − 3 (Draper and Smith, Applied Regression Analysis,
// 3rd ed., chapter 6).
std::optional<double> curvature_p(std::span<const double> x, std::span<const double> y) {
  if (x.size() < 4)
    return std::nullopt;
  const auto degrees = static_cast<int>(x.size()) - 3;
  const auto line = fit_line(x, y).residual;
  const auto parabola = fit_parabola(x, y).residual;
  constexpr double rounding = 1e-20; // of the sum of squares: counts that lie on a curve exactly
  const double nothing = rounding * residual_of(x, y, [](double) { return 0.0; });
  if (line <= nothing)
    return 1;
  const double f =
      parabola <= nothing ? std::numeric_limits<double>::infinity() : (line - parabola) * degrees / parabola;
  return student_tails(std::sqrt(std::max(f, 0.0)), degrees);
}

std::optional<double> growth_exponent(std::span<const double> x, std::span<const double> y) {
  const auto positive = [](double value) { return value > 0; };
  if (x.size() < 3 || !std::ranges::all_of(x, positive) || !std::ranges::all_of(y, positive))
    return std::nullopt;
  std::vector<double> log_x;
  std::vector<double> log_y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    log_x.push_back(std::log(x[i]));
    log_y.push_back(std::log(y[i]));
  }
  const orthogonal_fit fit(log_x, log_y);
  return fit.slope + fit.square * (2 * fit.u(log_x.back()) - fit.tilt);
}

double quantile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

// The draw is by multiplication and not std::uniform_int_distribution, which differs between standard libraries.
std::vector<std::vector<std::size_t>> resamples(std::size_t size, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<std::size_t>> all(count, std::vector<std::size_t>(size));
  for (auto& sample : all)
    for (auto& draw : sample)
      draw = ((random() >> 32U) * size) >> 32U;
  return all;
}

} // namespace avp
