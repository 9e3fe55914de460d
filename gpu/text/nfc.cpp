// NFC by utf8proc.
#include "gpu/text/nfc.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include <utf8proc.h>

#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

// The first byte of U+0300. No character below takes part in a composition as its second, and each of them is in NFC.
constexpr unsigned char first_that_changes = 0xCC;

struct free_text {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); } // utf8proc takes it from malloc
};

void append_composed(std::string_view valid, std::string& to) {
  utf8proc_uint8_t* made = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()), static_cast<utf8proc_ssize_t>(valid.size()),
                   &made, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, free_text> owner(made);
  if (length < 0) // of valid UTF-8 only where there is no memory
    throw std::bad_alloc();
  to.append(reinterpret_cast<const char*>(made), static_cast<std::size_t>(length));
}

} // namespace

std::optional<std::string> nfc(std::string_view text) {
  if (std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= first_that_changes; }))
    return std::nullopt;
  std::string result;
  result.reserve(text.size());
  std::size_t begin = 0; // of the valid characters that are still to be appended
  for (std::size_t at = 0; at < text.size();) {
    const auto unit = read_utf8(text.substr(at));
    if (unit.state != utf8_state::valid) {
      append_composed(text.substr(begin, at - begin), result);
      result += text.substr(at, unit.length);
      begin = at + unit.length;
    }
    at += unit.length;
  }
  append_composed(text.substr(begin), result);
  return result;
}

} // namespace avp
