// Kinds of characters by utf8proc and PCRE2.
#include "gpu/text/unicode_class.hpp"

#include <algorithm>
#include <array>

#include <utf8proc.h>

#include "gpu/text/library_tables.hpp"
#include "gpu/text/regular_expression.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

struct capital_range {
  char32_t first;
  char32_t last;
  char32_t lower; // Of the first.
};

/// Capitals that are younger than utf8proc's tables (Unicode 15).
constexpr std::array<capital_range, 10> young_capitals{{{0x1C89, 0x1C89, 0x1C8A},
                                                        {0xA7CB, 0xA7CB, 0x264},
                                                        {0xA7CC, 0xA7CC, 0xA7CD},
                                                        {0xA7CE, 0xA7CE, 0xA7CF},
                                                        {0xA7D2, 0xA7D2, 0xA7D3},
                                                        {0xA7D4, 0xA7D4, 0xA7D5},
                                                        {0xA7DA, 0xA7DA, 0xA7DB},
                                                        {0xA7DC, 0xA7DC, 0x19B},
                                                        {0x10D50, 0x10D65, 0x10D70},
                                                        {0x16EA0, 0x16EB8, 0x16EBB}}};

} // namespace

bool is_mark(char32_t character) {
  if (is_unknown_to_library(character))
    return false;
  if (character == 0x1CF2 || character == 0x1CF3) // marks until Unicode 12
    return true;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

bool is_word_character(char32_t character) {
  static const regular_expression pattern(std::string("[").append(word_characters).append("]"), pattern_origin::own);
  std::string text;
  append_utf8(text, character);
  return pattern.matches(text);
}

void append_lower_case(std::string& text, char32_t character) {
  constexpr char32_t capital_i_with_dot = 0x130; // The one that becomes two, i and a dot above.
  if (character == capital_i_with_dot) {
    text += "i\u0307";
    return;
  }
  const auto* const found = std::ranges::lower_bound(young_capitals, character, {}, &capital_range::last);
  if (found != young_capitals.end() && found->first <= character)
    append_utf8(text, character - found->first + found->lower);
  else
    append_utf8(text, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character))));
}

} // namespace avp
