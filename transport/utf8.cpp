// Well-formed UTF-8 after table 3-7 of the Unicode standard.
#include "transport/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace avp {

bool is_utf8(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0}; };
  const auto continues = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xbf; };
  for (std::size_t i = 0; i < text.size();) {
    const auto first = at(i);
    const auto second = at(i + 1);
    if (first < 0x80) {
      i += 1;
    } else if (first >= 0xc2 && first <= 0xdf && continues(i + 1)) {
      i += 2;
    } else if ((first & 0xf0) == 0xe0 && continues(i + 1) && continues(i + 2)) {
      if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f))
        return false;
      i += 3;
    } else if (first >= 0xf0 && first <= 0xf4 && continues(i + 1) && continues(i + 2) && continues(i + 3)) {
      if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return false;
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

} // namespace avp
