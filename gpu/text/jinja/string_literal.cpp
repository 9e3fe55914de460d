// String literals of a template.
#include "gpu/text/jinja/string_literal.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/utf8.hpp"

namespace avp::jinja {

namespace {

std::optional<char> plain_escape(char letter) {
  constexpr std::string_view letters = "abfnrtv\\'\"";
  constexpr std::string_view meant = "\a\b\f\n\r\t\v\\'\"";
  const auto at = letters.find(letter);
  return at == std::string_view::npos ? std::nullopt : std::optional(meant[at]);
}

/// Reads `digits` hexadecimal digits, or up to three octal ones.
char32_t read_code(std::string_view& rest, std::size_t digits, int base) {
  std::uint32_t code = 0;
  const auto part = rest.substr(0, digits);
  const auto end = std::from_chars(part.data(), part.data() + part.size(), code, base).ptr;
  const auto read = static_cast<std::size_t>(end - part.data());
  if (base == 16 && read != digits)
    throw fault("an escape in a string needs " + std::to_string(digits) + " hexadecimal digits");
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
    throw fault("an escape in a string names no character of Unicode");
  rest.remove_prefix(read);
  return code;
}

} // namespace

std::string unescaped(std::string_view literal) {
  std::string made;
  while (!literal.empty()) {
    const auto plain = std::min(literal.find('\\'), literal.size());
    made += literal.substr(0, plain);
    literal.remove_prefix(plain);
    if (literal.size() < 2) {
      made += literal;
      break;
    }
    const char letter = literal[1];
    literal.remove_prefix(2);
    if (letter == 'x' || letter == 'u' || letter == 'U') {
      append_utf8(made, read_code(literal, letter == 'x' ? 2 : letter == 'u' ? 4 : 8, 16));
    } else if (letter >= '0' && letter <= '7') {
      literal = {literal.data() - 1, literal.size() + 1};
      append_utf8(made, read_code(literal, 3, 8));
    } else if (letter == 'N') {
      throw fault("a string names a character by \\N, which is not supported: use \\u and its number");
    } else if (const auto meant = plain_escape(letter)) {
      made += *meant;
    } else if (letter != '\n') { // a line that goes on
      made += {'\\', letter};
    }
  }
  return made;
}

} // namespace avp::jinja
