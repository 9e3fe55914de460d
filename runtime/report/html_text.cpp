// Escaping after the HTML standard, 13.1.2 and 13.3: no character of a text can end its element or attribute.
#include "runtime/report/html_text.hpp"

#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

constexpr char32_t replacement = 0xFFFD;

char32_t character_of(const utf8_unit& unit) { return unit.state == utf8_state::valid ? unit.character : replacement; }

// C1 controls and non-characters have no picture of their own.
char32_t shown(char32_t c) {
  if (c == '\t' || c == '\n')
    return c;
  if (c < 0x20)
    return 0x2400 + c;
  if (c == 0x7F)
    return 0x2421;
  const bool control = c >= 0x80 && c < 0xA0;
  const bool no_character = (c & 0xFFFEU) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
  return control || no_character ? replacement : c;
}

void append_escaped(std::string& html, char32_t c) {
  switch (c) {
  case '&':
    html += "&amp;";
    return;
  case '<':
    html += "&lt;";
    return;
  case '>':
    html += "&gt;";
    return;
  case '"':
    html += "&quot;";
    return;
  case '\'':
    html += "&#39;";
    return;
  default:
    append_utf8(html, shown(c));
  }
}

} // namespace

std::string repaired_utf8(std::string_view bytes) {
  std::string rest(bytes);
  std::string text;
  drain_utf8(rest, text, true);
  return text;
}

std::string html_escaped(std::string_view text) {
  std::string html;
  html.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const auto unit = read_utf8(text);
    append_escaped(html, character_of(unit));
    text.remove_prefix(unit.length);
  }
  return html;
}

std::string shortened(std::string_view text, std::size_t most) {
  std::string before; // without its last character
  std::string result;
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == most)
      return before + "…";
    const auto unit = read_utf8(text);
    before = result;
    append_utf8(result, character_of(unit));
    text.remove_prefix(unit.length);
  }
  return result;
}

} // namespace avp
