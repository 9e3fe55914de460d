// Dots and whiskers.
#include "runtime/report/score_chart.hpp"

#include <algorithm>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/report/bar_panel.hpp"
#include "runtime/report/html_text.hpp"
#include "runtime/report/svg_picture.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

constexpr double side = 14;
constexpr double row_height = 40;
constexpr double cap = 5; // half the height of a whisker's end

void draw(svg_picture& picture, const series& one, double top, double (*x)(double)) {
  const auto mean = *one.mean_score();
  const auto [low, high] = one.score_interval();
  const auto style = std::string(name_of(one.mode));
  const auto number = with_places(100 * mean, 1) + " %";
  const auto hint = one.label + ": " + number + ", 95 % interval " + with_places(100 * low, 1) + " to " +
                    with_places(100 * high, 1) + " %";
  picture.text(side, top + 15, shortened(one.label, 30), "label halo");
  picture.text(panel_width - side, top + 15, number, "number end halo");
  const auto y = top + 27;
  picture.line(x(low), y, x(high), y, "whisker " + style);
  for (const auto end : {low, high})
    picture.line(x(end), y - cap, x(end), y + cap, "whisker " + style);
  picture.circle(x(mean), y, 5, "dot " + style, hint);
}

} // namespace

std::string score_chart(const std::vector<series>& all) {
  const auto scored = std::count_if(all.begin(), all.end(), [](const auto& s) { return s.scored > 0; });
  if (scored == 0)
    return {};
  const auto x = [](double share) { return side + (panel_width - 2 * side) * share; };
  const auto bottom = 4 + row_height * static_cast<double>(scored);
  svg_picture picture(
      panel_width, bottom + 20, "Mean score by mode",
      "A dot for each mode's mean score with its 95 % interval; the numbers are in the table of modes.");
  for (const int percent : {0, 25, 50, 75, 100}) {
    picture.line(x(percent / 100.0), 0, x(percent / 100.0), bottom, "grid");
    picture.text(x(percent / 100.0), bottom + 14, std::to_string(percent) + (percent == 100 ? " %" : ""),
                 percent == 100 ? "tick end"
                 : percent == 0 ? "tick"
                                : "tick middle");
  }
  double top = 0;
  for (const auto& one : all)
    if (one.scored > 0) {
      draw(picture, one, top, x);
      top += row_height;
    }
  return picture.element();
}

} // namespace avp
