// Drawing bars from zero.
#include "runtime/report/bar_panel.hpp"

#include <algorithm>

#include "runtime/report/axis.hpp"
#include "runtime/report/html_text.hpp"
#include "runtime/report/svg_picture.hpp"

namespace avp {

namespace {

constexpr double margin = 12;
constexpr double row_height = 36;
constexpr double bar_height = 12;
constexpr double axis_height = 34;
constexpr double gap = 1.5; // between pieces, so that they can be told apart without colours
constexpr std::size_t label_characters = 26;

} // namespace

std::string bar_panel::svg() const {
  const auto bottom = 6 + row_height * static_cast<double>(bars.size());
  const auto ticks = linear_ticks(most, 4);
  const auto x = [&](double value) { return margin + (panel_width - 2 * margin) * value / ticks.back(); };
  svg_picture picture(panel_width, bottom + axis_height, title, description);
  for (const auto tick : ticks) {
    picture.line(x(tick), 0, x(tick), bottom, "grid");
    picture.text(x(tick), bottom + 14, short_number(tick), tick == 0 ? "tick" : "tick middle");
  }
  picture.text(panel_width - margin, bottom + 29, unit, "unit end");
  for (std::size_t row = 0; row < bars.size(); ++row) {
    const auto& one = bars[row];
    const auto top = row_height * static_cast<double>(row);
    picture.text(margin + 4, top + 15, shortened(one.label, label_characters), "label halo");
    picture.text(panel_width - margin, top + 15, one.number, "number end halo");
    double from = 0;
    for (const auto& piece : one.pieces) {
      const auto width = x(from + piece.value) - x(from) - gap;
      if (piece.value > 0)
        picture.rectangle(x(from), top + 20, std::max(width, 0.5), bar_height, "bar " + piece.style, piece.hint);
      from += piece.value;
    }
  }
  picture.line(x(0), 0, x(0), bottom, "axis");
  return picture.element();
}

} // namespace avp
