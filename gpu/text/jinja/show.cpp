// What Python's str() and repr() make of values.
#include "gpu/text/jinja/show.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/object.hpp"
#include "gpu/text/utf8.hpp"

namespace avp::jinja {

namespace {

/// Text of our own in what is shown; it gets no tokens of the model by itself.
marked_text sign(std::string text) { return marked_text::trusted(std::move(text)); }

std::string hexadecimal(std::string_view lead, char32_t code, std::size_t digits) {
  std::array<char, 9> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<unsigned>(code), 16).ptr;
  const std::string made(buffer.data(), end);
  return std::string(lead) + std::string(digits - std::min(digits, made.size()), '0') + made;
}

void append_escaped(std::string& to, char32_t character, char quote) {
  if (character == U'\n')
    to += "\\n";
  else if (character == U'\r')
    to += "\\r";
  else if (character == U'\t')
    to += "\\t";
  else if (character == U'\\' || character == static_cast<char32_t>(quote))
    to += {'\\', static_cast<char>(character)};
  else if (is_of(character_class::printable, character))
    append_utf8(to, character);
  else if (character < 0x100)
    to += hexadecimal("\\x", character, 2);
  else
    to += character < 0x10000 ? hexadecimal("\\u", character, 4) : hexadecimal("\\U", character, 8);
}

marked_text quoted_text(const marked_text& text) {
  const bool has_single = text.text().find('\'') != std::string::npos;
  const char quote = has_single && text.text().find('"') == std::string::npos ? '"' : '\'';
  auto made = sign(std::string(1, quote));
  made += changed_parts(text, [&](std::string_view part) {
    std::string escaped;
    for (std::size_t at = 0; at < part.size();) {
      const utf8_unit unit = read_utf8(part.substr(at));
      if (unit.state == utf8_state::valid)
        append_escaped(escaped, unit.character, quote);
      else
        escaped += part.substr(at, unit.length);
      at += unit.length;
    }
    return escaped;
  });
  return made += sign(std::string(1, quote));
}

marked_text shown_sequence(run& work, const sequence& what) {
  if (what.kind == sequence_kind::range)
    return sign("range(" + std::to_string(what.bounds[0]) + ", " + std::to_string(what.bounds[1]) +
                (what.bounds[2] == 1 ? ")" : ", " + std::to_string(what.bounds[2]) + ")"));
  constexpr std::array<std::string_view, 7> before{"[", "(", "", "", "dict_keys([", "dict_values([", "dict_items(["};
  constexpr std::array<std::string_view, 7> behind{"]", ")", "", "", "])", "])", "])"};
  const auto kind = static_cast<std::size_t>(what.kind);
  if (what.kind == sequence_kind::generator)
    return sign("<generator object>");
  auto made = sign(std::string(before[kind]));
  for (const value& item : what.items) {
    if (&item != what.items.data())
      made += sign(", ");
    made += quoted(work, item);
    work.check_text(made.text().size());
  }
  if (what.kind == sequence_kind::tuple && what.items.size() == 1)
    made += sign(",");
  return made += sign(std::string(behind[kind]));
}

marked_text shown_map(run& work, const mapping& what) {
  auto made = sign("{");
  for (const auto& [key, held] : what.entries()) {
    if (made.text().size() > 1)
      made += sign(", ");
    made += quoted(work, key) + sign(": ") + quoted(work, held);
    work.check_text(made.text().size());
  }
  return made += sign("}");
}

} // namespace

std::string shown_float(double number) {
  if (std::isnan(number))
    return "nan";
  if (std::isinf(number))
    return number < 0 ? "-inf" : "inf";
  std::array<char, 40> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  std::string made(buffer.data(), end); // d.ddde[+-]xx
  const auto e = made.find('e');
  const int exponent = std::atoi(made.c_str() + e + 1);
  if (exponent < -4 || exponent >= 16)
    return made;
  std::string digits = made.substr(0, e);
  const std::string minus = digits[0] == '-' ? "-" : "";
  std::erase_if(digits, [](char c) { return c == '-' || c == '.'; });
  if (exponent < 0)
    return minus + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole)
    return minus + digits + std::string(whole - digits.size(), '0') + ".0";
  return minus + digits.substr(0, whole) + "." + digits.substr(whole);
}

marked_text quoted(run& work, const value& what) {
  work.spend();
  if (what.text())
    return quoted_text(*what.text());
  return what.is_undefined() ? sign("Undefined") : shown(work, what);
}

marked_text shown(run& work, const value& what) {
  const nested level(work);
  if (what.text())
    return *what.text();
  if (what.items())
    return shown_sequence(work, *what.items());
  if (what.entries())
    return shown_map(work, *what.entries());
  if (what.made())
    return what.made()->shown(work);
  if (what.is_undefined())
    return {};
  if (what.is_none())
    return sign("None");
  if (what.is_bool())
    return sign(what.truth() ? "True" : "False");
  return sign(what.is_float() ? shown_float(what.real()) : std::to_string(what.integer()));
}

} // namespace avp::jinja
