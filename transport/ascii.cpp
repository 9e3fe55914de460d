// Letters, digits and blanks of ASCII, whatever the locale.
#include "transport/ascii.hpp"

#include <algorithm>

namespace avp {

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  const auto where = lowered(text);
  const auto what = lowered(word);
  const auto goes_on = [&](std::size_t at) {
    return at < where.size() && (is_letter(where[at]) || is_digit(where[at]) || where[at] == '_');
  };
  for (auto at = where.find(what, from); at != std::string::npos; at = where.find(what, at + 1))
    if (!what.empty() && !(at > 0 && goes_on(at - 1)) && !goes_on(at + what.size()))
      return at;
  return std::string::npos;
}

} // namespace avp
