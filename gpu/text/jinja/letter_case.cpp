// Upper and lower case, as Python's strings have them.
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <utf8proc.h>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/special_casing.hpp"
#include "gpu/text/utf8.hpp"

namespace avp::jinja {

namespace {

enum class letter_form : std::uint8_t { lower, upper, title };

bool is_cased(char32_t c) {
  const auto code = static_cast<utf8proc_int32_t>(c);
  return utf8proc_islower(code) || utf8proc_isupper(code) || utf8proc_category(code) == UTF8PROC_CATEGORY_LT;
}

bool is_upper_letter(char32_t c) { return utf8proc_isupper(static_cast<utf8proc_int32_t>(c)) != 0; }

void append_form(std::string& to, char32_t character, letter_form form) {
  const auto code = static_cast<utf8proc_int32_t>(character);
  if (form == letter_form::lower) {
    if (character == U'\u0130') // the one character that is two in lower case
      to += "i\u0307";
    else
      append_utf8(to, static_cast<char32_t>(utf8proc_tolower(code)));
  } else if (const auto* special = find_special_casing(character)) {
    to += form == letter_form::upper ? special->upper : special->title;
  } else {
    append_utf8(to,
                static_cast<char32_t>(form == letter_form::upper ? utf8proc_toupper(code) : utf8proc_totitle(code)));
  }
}

/// A capital sigma at the end of a word has a form of its own: Unicode's Final_Sigma, for letters beside each other.
bool is_final_sigma(std::string_view before, std::string_view after) {
  const auto cased_at = [](std::string_view text) {
    const utf8_unit unit = read_utf8(text);
    return unit.state == utf8_state::valid && is_cased(unit.character);
  };
  std::size_t start = before.size();
  while (start > 0 && (static_cast<unsigned char>(before[--start]) & 0xC0U) == 0x80U) {
  }
  return !before.empty() && cased_at(before.substr(start)) && (after.empty() || !cased_at(after));
}

/// Every character in the form that `form_of` says, given whether the one before is cased.
template <class FormOf>
marked_text in_forms(const marked_text& text, FormOf&& form_of) {
  bool after_cased = false;
  bool first = true;
  const std::string_view whole = text.text();
  return changed_parts(text, [&](std::string_view part) {
    std::string made;
    made.reserve(part.size());
    for (std::size_t at = 0; at < part.size();) {
      const utf8_unit unit = read_utf8(part.substr(at));
      if (unit.state == utf8_state::valid) {
        const letter_form form = form_of(unit.character, after_cased, first);
        const auto place = static_cast<std::size_t>(part.data() - whole.data()) + at;
        if (unit.character == U'\u03A3' && form == letter_form::lower &&
            is_final_sigma(whole.substr(0, place), whole.substr(place + unit.length)))
          made += "\u03C2";
        else
          append_form(made, unit.character, form);
        after_cased = is_cased(unit.character);
      } else {
        made += part.substr(at, unit.length);
        after_cased = false;
      }
      first = false;
      at += unit.length;
    }
    return made;
  });
}

/// Whether there is a cased character, and all of them are of one case.
bool is_of_case(std::string_view text, bool upper_case) {
  bool some = false;
  for (std::size_t at = 0; at < text.size();) {
    const utf8_unit unit = read_utf8(text.substr(at));
    at += unit.length;
    if (unit.state != utf8_state::valid || !is_cased(unit.character))
      continue;
    if (is_upper_letter(unit.character) != upper_case ||
        utf8proc_category(static_cast<utf8proc_int32_t>(unit.character)) == UTF8PROC_CATEGORY_LT)
      return false;
    some = true;
  }
  return some;
}

} // namespace

bool is_lower_case(std::string_view text) { return is_of_case(text, false); }

bool is_upper_case(std::string_view text) { return is_of_case(text, true); }

bool is_title_case(std::string_view text) {
  bool some = false;
  bool after_cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const utf8_unit unit = read_utf8(text.substr(at));
    at += unit.length;
    const bool cased = unit.state == utf8_state::valid && is_cased(unit.character);
    if (cased && utf8proc_islower(static_cast<utf8proc_int32_t>(unit.character)) != static_cast<int>(after_cased))
      return false;
    some = some || cased;
    after_cased = cased;
  }
  return some;
}

marked_text lower(const marked_text& text) {
  return in_forms(text, [](char32_t, bool, bool) { return letter_form::lower; });
}

marked_text upper(const marked_text& text) {
  return in_forms(text, [](char32_t, bool, bool) { return letter_form::upper; });
}

marked_text case_folded(const marked_text& text) {
  return changed_parts(text, [](std::string_view part) {
    std::string made;
    for (std::size_t at = 0; at < part.size();) {
      const utf8_unit unit = read_utf8(part.substr(at));
      std::array<utf8proc_int32_t, 16> codes{};
      int boundary = 0;
      const auto count = unit.state == utf8_state::valid
                             ? utf8proc_decompose_char(static_cast<utf8proc_int32_t>(unit.character), codes.data(),
                                                       codes.size(), UTF8PROC_CASEFOLD, &boundary)
                             : 0;
      for (utf8proc_ssize_t i = 0; i < count; ++i)
        append_utf8(made, static_cast<char32_t>(codes[static_cast<std::size_t>(i)]));
      if (count <= 0)
        made += part.substr(at, unit.length);
      at += unit.length;
    }
    return made;
  });
}

marked_text swap_case(const marked_text& text) {
  return in_forms(text, [](char32_t character, bool, bool) {
    return is_upper_letter(character) ? letter_form::lower : letter_form::upper;
  });
}

marked_text capitalized(const marked_text& text) {
  return in_forms(text, [](char32_t, bool, bool first) { return first ? letter_form::title : letter_form::lower; });
}

marked_text title_case(const marked_text& text) {
  return in_forms(
      text, [](char32_t, bool after_cased, bool) { return after_cased ? letter_form::lower : letter_form::title; });
}

} // namespace avp::jinja
