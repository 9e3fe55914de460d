// Where a byte of a TOML string's value stands in the file.
#include <algorithm>

#include "runtime/pipeline/pipeline_source.hpp"

namespace avp {
namespace {

/// Walks the file's text, counting lines and columns (in characters, as toml++ does).
struct text_cursor {
  std::string_view text;
  std::size_t at = 0;
  std::size_t line = 1;
  std::size_t column = 1;

  [[nodiscard]] bool ended() const { return at >= text.size(); }
  [[nodiscard]] char now() const { return ended() ? '\0' : text[at]; }

  /// One whole character forward; gives its bytes.
  std::size_t step() {
    const auto begin = at;
    if (ended())
      return 0;
    const bool is_break = text[at] == '\n';
    ++at;
    while (!ended() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
      ++at;
    line += is_break ? 1 : 0;
    column = is_break ? 1 : column + 1;
    return at - begin;
  }

  void step(int characters) {
    for (int i = 0; i < characters; ++i)
      step();
  }
};

/// Bytes of UTF-8 for `\uXXXX` and `\UXXXXXXXX`.
std::size_t utf8_bytes(std::string_view hex) {
  unsigned long code = 0;
  for (const char c : hex)
    code = code * 16 + static_cast<unsigned long>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/// Passes one escape sequence, which begins at the cursor; gives the bytes it stands for.
std::size_t pass_escape(text_cursor& cursor) {
  cursor.step();
  const char kind = cursor.now();
  if (kind == 'u' || kind == 'U' || kind == 'x') {
    const int digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 2;
    const auto hex = cursor.text.substr(std::min(cursor.at + 1, cursor.text.size()), static_cast<std::size_t>(digits));
    cursor.step(1 + digits);
    return utf8_bytes(hex);
  }
  if (kind == '\n' || kind == '\r' || kind == ' ' || kind == '\t') { // A line break that is left out, with blanks.
    while (!cursor.ended() && std::string_view(" \t\r\n").find(cursor.now()) != std::string_view::npos)
      cursor.step();
    return 0;
  }
  cursor.step();
  return 1;
}

} // namespace

std::pair<std::size_t, std::size_t> place_in_string(std::string_view text, toml::source_position begin,
                                                    std::size_t offset) {
  text_cursor cursor{text};
  if (text.starts_with("\xEF\xBB\xBF"))
    cursor.at = 3;
  while (!cursor.ended() && (cursor.line < begin.line || (cursor.line == begin.line && cursor.column < begin.column)))
    cursor.step();
  const char quote = cursor.now();
  if (quote != '"' && quote != '\'')
    return {begin.line, begin.column};
  const std::string three(3, quote);
  const bool multi_line = text.substr(cursor.at, 3) == three;
  cursor.step(multi_line ? 3 : 1);
  if (multi_line) { // A line break right behind the quotes is no part of the value.
    if (cursor.now() == '\r')
      cursor.step();
    if (cursor.now() == '\n')
      cursor.step();
  }
  const std::string closing = multi_line ? three : std::string(1, quote);
  for (std::size_t passed = 0; passed <= offset && !cursor.ended();) {
    if (passed == offset && !(quote == '"' && cursor.now() == '\\'))
      break;
    if (text.substr(cursor.at, closing.size()) == closing && (!multi_line || text.substr(cursor.at + 1, 3) != three))
      break;
    const auto before = cursor;
    const auto bytes = quote == '"' && cursor.now() == '\\' ? pass_escape(cursor) : cursor.step();
    if (passed == offset && bytes > 0) {
      cursor = before;
      break;
    }
    passed += bytes;
  }
  return {cursor.line, cursor.column};
}

} // namespace avp
