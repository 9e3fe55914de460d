// A drawing as SVG, made of a few shapes.
#pragma once

#include <string>
#include <string_view>

namespace avp {

/// Collects shapes. Colours and fonts come from the page's style sheet by class. Every text is escaped, so names of any
/// origin may be drawn. Lengths are CSS pixels, y grows downwards.
class svg_picture {
public:
  /// `title` and `description` are what a screen reader says in place of the picture.
  svg_picture(double width, double height, std::string_view title, std::string_view description);

  void line(double x1, double y1, double x2, double y2, std::string_view style);

  /// With a `hint`, which is shown while the pointer rests on the shape.
  void rectangle(double x, double y, double width, double height, std::string_view style, std::string_view hint = {});
  void circle(double x, double y, double radius, std::string_view style, std::string_view hint = {});

  /// `commands` as the attribute d of a path has them.
  void path(std::string_view commands, std::string_view style, std::string_view hint = {});

  /// From (x, y) on; the class decides whether it begins, ends or is centred there.
  void text(double x, double y, std::string_view text, std::string_view style);

  /// The whole element.
  [[nodiscard]] std::string element() const { return text_ + "</svg>"; }

private:
  void end_shape(const char* name, std::string_view hint);

  std::string text_;
};

/// A coordinate, to a tenth of a pixel.
[[nodiscard]] std::string coordinate(double value);

} // namespace avp
