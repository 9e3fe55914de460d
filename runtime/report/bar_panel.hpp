// Horizontal bars with their labels and numbers.
#pragma once

#include <string>
#include <vector>

namespace avp {

/// A piece of a bar.
struct bar_piece {
  double value = 0; ///< Not negative.
  std::string style;
  std::string hint;
};

/// One bar, made of pieces from left to right.
struct bar {
  std::string label;
  std::string number; ///< What is written at the right end of the label's line.
  std::vector<bar_piece> pieces;
};

/// What a panel of bars shows.
struct bar_panel {
  std::string title;
  std::string description;
  std::string unit; ///< Stands at the end of the axis.
  double most = 0;  ///< The axis goes from 0 to here at least; the same for panels that are to be compared.
  std::vector<bar> bars;

  /// The panel as SVG, as wide as a phone.
  [[nodiscard]] std::string svg() const;
};

/// The width of a chart that stands beside others, in CSS pixels.
inline constexpr double panel_width = 330;

} // namespace avp
