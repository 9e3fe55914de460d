// The alphabet in which byte-level BPE vocabularies write bytes: one printable character for each.
#include "gpu/text/byte_alphabet.hpp"

#include <cstddef>

#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

constexpr std::size_t alphabet_end = 0x144; // One after the highest code point in use.

bool is_printable(std::size_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::array<char32_t, 256> make_characters() {
  std::array<char32_t, 256> characters{};
  char32_t next = 0x100;
  for (std::size_t byte = 0; byte < characters.size(); ++byte)
    characters[byte] = is_printable(byte) ? static_cast<char32_t>(byte) : next++;
  return characters;
}

/// The byte of each code point, or -1.
std::array<int, alphabet_end> make_bytes() {
  std::array<int, alphabet_end> bytes{};
  bytes.fill(-1);
  const auto characters = make_characters();
  for (std::size_t byte = 0; byte < characters.size(); ++byte)
    bytes[characters[byte]] = static_cast<int>(byte);
  return bytes;
}

} // namespace

const std::array<std::string, 256>& byte_alphabet() {
  static const std::array<std::string, 256> alphabet = [] {
    std::array<std::string, 256> texts;
    const auto characters = make_characters();
    for (std::size_t byte = 0; byte < texts.size(); ++byte)
      append_utf8(texts[byte], characters[byte]);
    return texts;
  }();
  return alphabet;
}

std::optional<std::string> bytes_of_alphabet(std::string_view text) {
  static const std::array<int, alphabet_end> bytes = make_bytes();
  std::string result;
  while (!text.empty()) {
    const utf8_unit unit = read_utf8(text);
    if (unit.state != utf8_state::valid || unit.character >= bytes.size() || bytes[unit.character] < 0)
      return std::nullopt;
    result += static_cast<char>(bytes[unit.character]);
    text.remove_prefix(unit.length);
  }
  return result;
}

} // namespace avp
