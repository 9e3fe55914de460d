// Dots and whiskers.
#include <algorithm>

#include <avp/runtime/pipeline/pipeline.hpp>
#include <avp/runtime/report/bar_panel.hpp>
#include <avp/runtime/report/html_text.hpp>
#include <avp/runtime/report/score_chart.hpp>
#include <avp/runtime/report/svg_picture.hpp>
#include <avp/runtime/text/number_text.hpp>

namespace avp {

namespace {

constexpr double margin = 14;
constexpr double row_height = 40;
constexpr double cap = 5; // half the height of a whisker's end

void draw(svg_picture& picture, const series& one, double top, double (*x)(double)) {
  const auto mean = *one.mean_score();
  const auto [low, high] = one.score_interval();
  const auto style = std::string(mode_name(one.mode));
  const auto number = with_places(100 * mean, 1) + " %";
  const auto hint = one.label + ": " + number + ", 95 % interval " + with_places(100 * low, 1) + " to " +
                    with_places(100 * high, 1) + " %";
  picture.text(margin, top + 15, shortened(one.label, 30), "label halo");
  picture.text(panel_width - margin, top + 15, number, "number end halo");
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
  const auto x = [](double share) { return margin + (panel_width - 2 * margin) * share; };
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
