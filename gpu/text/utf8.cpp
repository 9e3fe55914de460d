// Reading UTF-8 that may be broken or cut off.
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

/// How many bytes follow a leading byte, and which values the first of them may have (Unicode Standard, table 3-7).
struct lead_byte {
  std::size_t following;
  unsigned char lowest;
  unsigned char highest;
};

lead_byte read_lead(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF)
    return {1, 0x80, 0xBF};
  if (byte >= 0xE0 && byte <= 0xEF)
    return {2, byte == 0xE0 ? static_cast<unsigned char>(0xA0) : static_cast<unsigned char>(0x80),
            byte == 0xED ? static_cast<unsigned char>(0x9F) : static_cast<unsigned char>(0xBF)};
  if (byte >= 0xF0 && byte <= 0xF4)
    return {3, byte == 0xF0 ? static_cast<unsigned char>(0x90) : static_cast<unsigned char>(0x80),
            byte == 0xF4 ? static_cast<unsigned char>(0x8F) : static_cast<unsigned char>(0xBF)};
  return {0, 0, 0};
}

} // namespace

utf8_unit read_utf8(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes.front());
  if (first < 0x80)
    return {1, utf8_state::valid, first};
  const lead_byte head = read_lead(first);
  if (head.following == 0)
    return {1, utf8_state::invalid, 0};
  char32_t character = first & (0x3FU >> head.following);
  for (std::size_t i = 1; i <= head.following; ++i) {
    if (i == bytes.size())
      return {i, utf8_state::incomplete, 0};
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < (i == 1 ? head.lowest : 0x80) || byte > (i == 1 ? head.highest : 0xBF))
      return {i, utf8_state::invalid, 0};
    character = character << 6U | (byte & 0x3FU);
  }
  return {head.following + 1, utf8_state::valid, character};
}

void append_utf8(std::string& text, char32_t character) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | (character >> shift & 0x3FU)); };
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += static_cast<char>(0xC0U | character >> 6U);
    tail(0);
  } else if (character < 0x10000) {
    text += static_cast<char>(0xE0U | character >> 12U);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | character >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

void drain_utf8(std::string& bytes, std::string& text, bool last) {
  const std::string_view view = bytes;
  std::size_t at = 0;
  while (at < view.size()) {
    const utf8_unit unit = read_utf8(view.substr(at));
    if (unit.state == utf8_state::incomplete && !last)
      break;
    text += unit.state == utf8_state::valid ? view.substr(at, unit.length) : replacement_character;
    at += unit.length;
  }
  bytes.erase(0, at);
}

} // namespace avp
