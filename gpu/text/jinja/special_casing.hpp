// Characters that become several in upper case.
#pragma once

#include <string_view>

namespace avp::jinja {

/// What a character becomes, in UTF-8.
struct special_casing {
  char32_t character;
  std::string_view upper;
  std::string_view title; ///< At the beginning of a word.
};

/// The forms of `character` where one of them has more than one character, or nullptr.
[[nodiscard]] const special_casing* find_special_casing(char32_t character);

} // namespace avp::jinja
