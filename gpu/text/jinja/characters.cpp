// Strings as Python sees them: rows of characters, not of bytes.
#include "gpu/text/jinja/characters.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <utf8proc.h>

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/utf8.hpp"
#include "gpu/text/white_space.hpp"

namespace avp::jinja {

namespace {

/// Calls `use` with each character and where it stands; no character for bytes that are none.
template <class Use>
void each_character(std::string_view text, Use&& use) {
  for (std::size_t at = 0; at < text.size();) {
    const utf8_unit unit = read_utf8(text.substr(at));
    use(unit.state == utf8_state::valid ? std::optional(unit.character) : std::nullopt, at, unit.length);
    at += unit.length;
  }
}

bool ends_line(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

} // namespace

std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  starts.reserve(text.size() + 1);
  each_character(text, [&](auto, std::size_t at, std::size_t) { starts.push_back(at); });
  starts.push_back(text.size());
  return starts;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  each_character(text, [&](auto, std::size_t, std::size_t) { ++count; });
  return count;
}

std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count)
    at += read_utf8(text.substr(at)).length;
  return at;
}

bool is_of(character_class what, char32_t character) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
  const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
  const bool decimal = category == UTF8PROC_CATEGORY_ND;
  const bool digit = decimal || character == 0xB2 || character == 0xB3 || character == 0xB9 || character == 0x2070 ||
                     (character >= 0x2074 && character <= 0x2079) || (character >= 0x2080 && character <= 0x2089) ||
                     (character >= 0x2460 && character <= 0x2468);
  const bool numeric = digit || category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
  switch (what) {
  case character_class::alpha:
    return letter;
  case character_class::digit:
    return digit;
  case character_class::decimal:
    return decimal;
  case character_class::numeric:
    return numeric;
  case character_class::alphanumeric:
    return letter || numeric;
  case character_class::space:
    return is_python_space(character);
  case character_class::printable:
    return character == ' ' || !(category == UTF8PROC_CATEGORY_CN || category >= UTF8PROC_CATEGORY_ZS);
  default:
    return letter || numeric || character == '_';
  }
}

bool all_of_class(character_class what, std::string_view text) {
  bool all = true;
  each_character(text,
                 [&](auto character, std::size_t, std::size_t) { all = all && character && is_of(what, *character); });
  return all && (!text.empty() || what == character_class::printable);
}

std::vector<marked_text> split_lines(const marked_text& text, bool keep_ends) {
  std::vector<marked_text> lines;
  const std::string_view bytes = text.text();
  std::size_t begin = 0;
  bool after_return = false; // its line is in the list already
  each_character(bytes, [&](auto character, std::size_t at, std::size_t length) {
    const bool joined = after_return && character == U'\n';
    after_return = false;
    if (joined) {
      if (keep_ends)
        lines.back() += text.substr(at, length);
      begin = at + length;
    } else if (character && ends_line(*character)) {
      lines.push_back(text.substr(begin, at - begin + (keep_ends ? length : 0)));
      begin = at + length;
      after_return = character == U'\r';
    }
  });
  if (begin < bytes.size())
    lines.push_back(text.substr(begin));
  return lines;
}

namespace {

/// Cuts off characters of which `is_cut` is true, given as the bytes that they are.
template <class IsCut>
marked_text strip_where(const marked_text& text, side where, IsCut&& is_cut) {
  const std::string_view bytes = text.text();
  std::size_t first = bytes.size();
  std::size_t last = 0;
  each_character(bytes, [&](auto character, std::size_t at, std::size_t length) {
    if (!is_cut(character, bytes.substr(at, length))) {
      first = std::min(first, at);
      last = at + length;
    }
  });
  if (where == side::right)
    first = 0;
  if (where == side::left || last < first)
    last = where == side::left ? bytes.size() : first;
  return text.substr(first, last - first);
}

} // namespace

marked_text strip(const marked_text& text, side where) {
  return strip_where(text, where, [](auto character, auto) { return character && is_python_space(*character); });
}

marked_text strip(const marked_text& text, side where, std::string_view cut) {
  return strip_where(text, where,
                     [&](auto, std::string_view bytes) { return cut.find(bytes) != std::string_view::npos; });
}

marked_text nothing_of(const marked_text& text) { return text.data().empty() ? marked_text() : marked_text(""); }

marked_text repeated(const marked_text& part, std::size_t count) {
  marked_text made;
  for (; count > 0; --count)
    made += part;
  return made;
}

std::size_t place_in(std::string_view whole, std::string_view part, std::size_t from) {
  if (from > whole.size())
    return std::string_view::npos;
  const auto rest = whole.substr(from);
  if (part.empty())
    return from;
  const auto* at = static_cast<const char*>(memmem(rest.data(), rest.size(), part.data(), part.size()));
  run::spend_here((at == nullptr ? rest.size() : static_cast<std::size_t>(at - rest.data())) / 64);
  return at == nullptr ? std::string_view::npos : static_cast<std::size_t>(at - whole.data());
}

void spend_backward_search(std::string_view whole, std::string_view part) {
  run::spend_here(whole.size() / 64 * std::max<std::size_t>(part.size(), 1));
}

} // namespace avp::jinja
