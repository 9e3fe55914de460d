// Writing SVG elements.
#include "runtime/report/svg_picture.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "runtime/report/html_text.hpp"

namespace avp {

namespace {

std::string attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + coordinate(value) + "\"";
}

std::string style_attribute(std::string_view style) { return " class=\"" + html_escaped(style) + "\""; }

} // namespace

std::string coordinate(double value) {
  const auto rounded = std::round((std::isfinite(value) ? value : 0) * 10) / 10;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", rounded == 0 ? 0.0 : rounded);
  return text.data();
}

svg_picture::svg_picture(double width, double height, std::string_view title, std::string_view description) {
  const auto w = coordinate(width);
  const auto h = coordinate(height);
  text_ = "<svg role=\"img\" width=\"" + w + "\" height=\"" + h + "\" viewBox=\"0 0 " + w + " " + h + "\">";
  text_ += "<title>" + html_escaped(title) + "</title><desc>" + html_escaped(description) + "</desc>";
}

void svg_picture::end_shape(const char* name, std::string_view hint) {
  text_ += hint.empty() ? "/>" : "><title>" + html_escaped(hint) + "</title></" + name + ">";
}

void svg_picture::line(double x1, double y1, double x2, double y2, std::string_view style) {
  text_ += "<line" + style_attribute(style) + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
           attribute("y2", y2) + "/>";
}

void svg_picture::rectangle(double x, double y, double width, double height, std::string_view style,
                            std::string_view hint) {
  text_ += "<rect" + style_attribute(style) + attribute("x", x) + attribute("y", y) + attribute("width", width) +
           attribute("height", height);
  end_shape("rect", hint);
}

void svg_picture::circle(double x, double y, double radius, std::string_view style, std::string_view hint) {
  text_ += "<circle" + style_attribute(style) + attribute("cx", x) + attribute("cy", y) + attribute("r", radius);
  end_shape("circle", hint);
}

void svg_picture::path(std::string_view commands, std::string_view style, std::string_view hint) {
  text_ += "<path" + style_attribute(style) + " d=\"" + html_escaped(commands) + "\"";
  end_shape("path", hint);
}

void svg_picture::text(double x, double y, std::string_view text, std::string_view style) {
  text_ +=
      "<text" + style_attribute(style) + attribute("x", x) + attribute("y", y) + ">" + html_escaped(text) + "</text>";
}

} // namespace avp
