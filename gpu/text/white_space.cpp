// White space as Python and Jinja know it.
#include "gpu/text/white_space.hpp"

#include <algorithm>
#include <cstddef>

#include "gpu/text/utf8.hpp"

namespace avp {

bool is_white_space(char32_t character) {
  return (character >= 0x09 && character <= 0x0D) || character == 0x20 || character == 0x85 || character == 0xA0 ||
         character == 0x1680 || (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
         character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

bool is_python_space(char32_t character) {
  return is_white_space(character) || (character >= 0x1C && character <= 0x1F);
}

std::string_view stripped(std::string_view text) {
  std::size_t first = text.size(); // Of what is kept.
  std::size_t last = 0;            // One past it.
  for (std::size_t at = 0; at < text.size();) {
    const utf8_unit unit = read_utf8(text.substr(at));
    if (unit.state != utf8_state::valid || !is_python_space(unit.character)) {
      first = std::min(first, at);
      last = at + unit.length;
    }
    at += unit.length;
  }
  return first < last ? text.substr(first, last - first) : text.substr(0, 0);
}

} // namespace avp
