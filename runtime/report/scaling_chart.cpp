// Points and curves on logarithmic axes.
#include "runtime/report/scaling_chart.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/report/axis.hpp"
#include "runtime/report/bar_panel.hpp"
#include "runtime/report/svg_picture.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

constexpr double height = 262;
constexpr double left = 44;
constexpr double right = 96; // for the labels at the ends of the curves
constexpr double plot_top = 28;
constexpr double bottom = 44;
constexpr double label_pitch = 26; // two lines
constexpr int curve_steps = 24;

double polynomial(const std::vector<double>& coefficients, double n) {
  double value = 0;
  for (auto at = coefficients.rbegin(); at != coefficients.rend(); ++at)
    value = value * n + *at;
  return value;
}

std::string style_of(const scaling_curve& curve) {
  if (curve.series == "latent")
    return "latent";
  return curve.series == "text_unshared" ? "text hollow" : curve.series == "text" ? "text" : "direct";
}

class scaling_drawing {
public:
  scaling_drawing(const scaling_data& data, const std::string& quantity)
      : data_(data),
        quantity_(quantity),
        picture_(panel_width, height, "Growth of " + quantity_name(quantity),
                 "Means per task by number of " + data.over +
                     ", on logarithmic axes, with fitted curves; the numbers "
                     "are in the table below.") {
    for (const auto& curve : data.curves)
      if (curve.quantity == quantity) {
        curves_.push_back(&curve);
        std::for_each(curve.means.begin(), curve.means.end(), [&](double value) { include(value); });
        for (const auto& point : curve.task_points)
          include(point.second);
      }
  }

  std::string draw() {
    if (!(low_ <= high_))
      return {};
    low_ /= 1.15;
    high_ *= 1.15;
    draw_axes();
    for (const auto* curve : curves_)
      draw_curve(*curve);
    for (const auto* curve : curves_)
      draw_means(*curve);
    draw_labels();
    return picture_.element();
  }

private:
  void include(double value) {
    if (value > 0 && std::isfinite(value)) {
      low_ = std::min(low_, value);
      high_ = std::max(high_, value);
    }
  }

  [[nodiscard]] double x(double n) const {
    const auto first = std::log(data_.sizes.front());
    const auto span = std::max(1e-9, std::log(data_.sizes.back()) - first);
    return left + 6 + (panel_width - left - right - 12) * (std::log(n) - first) / span;
  }

  [[nodiscard]] double y(double value) const {
    const auto share = (std::log(value) - std::log(low_)) / (std::log(high_) - std::log(low_));
    return height - bottom - (height - plot_top - bottom) * share;
  }

  void draw_axes() {
    picture_.text(2, 14, quantity_name(quantity_), "chart-name");
    for (const auto tick : log_ticks(low_, high_)) {
      picture_.line(left, y(tick), panel_width - right, y(tick), "grid");
      picture_.text(left - 5, y(tick) + 4, short_number(tick), "tick end");
    }
    double last = -100;
    for (const auto size : data_.sizes)
      if (x(size) - last > 16) {
        picture_.text(x(size), height - bottom + 15, short_number(size), "tick middle");
        last = x(size);
      }
    picture_.text((left + panel_width - right) / 2, height - bottom + 33, data_.over, "unit middle");
    picture_.line(left, height - bottom, panel_width - right, height - bottom, "axis");
  }

  void draw_curve(const scaling_curve& curve) {
    for (const auto& [n, value] : curve.task_points)
      if (value > 0 && n >= data_.sizes.front() && n <= data_.sizes.back())
        picture_.circle(x(n), y(value), 1.6, "faint " + style_of(curve));
    std::string commands;
    for (int i = 0; !curve.coefficients.empty() && i <= curve_steps; ++i) {
      const auto n = data_.sizes.front() * std::pow(data_.sizes.back() / data_.sizes.front(), i / double(curve_steps));
      const auto value = polynomial(curve.coefficients, n);
      if (value >= low_ && value <= high_)
        commands += (commands.empty() ? "M " : " L ") + coordinate(x(n)) + " " + coordinate(y(value));
    }
    if (!commands.empty())
      picture_.path(commands, "curve " + style_of(curve));
  }

  void draw_means(const scaling_curve& curve) {
    for (std::size_t i = 0; i < curve.means.size(); ++i)
      if (curve.means[i] > 0)
        picture_.circle(x(data_.sizes[i]), y(curve.means[i]), 3.6, "mark " + style_of(curve),
                        scaling_series_name(curve.series) + ", " + short_number(data_.sizes[i]) + " " + data_.over +
                            ": " + short_number(curve.means[i]));
  }

  // At the ends of the curves, apart from each other.
  void draw_labels() {
    std::vector<std::pair<double, const scaling_curve*>> places;
    for (const auto* curve : curves_)
      if (!curve->means.empty() && curve->means.back() > 0)
        places.emplace_back(y(curve->means.back()), curve);
    std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 1; i < places.size(); ++i)
      places[i].first = std::max(places[i].first, places[i - 1].first + label_pitch);
    double floor = height - bottom - 8;
    for (auto at = places.rbegin(); at != places.rend(); ++at, floor -= label_pitch)
      at->first = std::min(at->first, floor);
    for (const auto& [place, curve] : places) {
      picture_.text(panel_width - right + 6, place, scaling_series_name(curve->series), "series " + style_of(*curve));
      if (curve->exponent)
        picture_.text(panel_width - right + 6, place + 12, "n^" + with_places(*curve->exponent, 2),
                      "series " + style_of(*curve));
    }
  }

  const scaling_data& data_;
  const std::string& quantity_;
  svg_picture picture_;
  std::vector<const scaling_curve*> curves_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = 0;
};

} // namespace

std::string scaling_chart(const scaling_data& data, const std::string& quantity) {
  return scaling_drawing(data, quantity).draw();
}

} // namespace avp
