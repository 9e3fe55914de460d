// Blanks, case, boxes.
#include <algorithm>
#include <array>

#include <avp/runtime/scorers/answer_text.hpp>

namespace avp {
namespace {

/// The end of what opens at `begin`: the brace that closes it, or the end of its line where none does.
std::size_t end_of_group(std::string_view text, std::size_t begin) {
  int depth = 1;
  for (auto at = begin; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at; // what is behind it is no brace that counts
      continue;
    }
    depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
    if (depth == 0)
      return at;
  }
  return std::min(text.find('\n', begin), text.size());
}

} // namespace

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

std::optional<std::string_view> last_boxed(std::string_view text) {
  constexpr std::array<std::string_view, 2> openings{"\\boxed{", "\\fbox{"};
  for (auto end = text.size(); end > 0;) {
    std::size_t at = std::string_view::npos;
    std::size_t begin = 0;
    for (const auto opening : openings)
      if (const auto found = text.rfind(opening, end - 1);
          found != std::string_view::npos && (at == std::string_view::npos || found > at)) {
        at = found;
        begin = found + opening.size();
      }
    if (at == std::string_view::npos)
      return {};
    if (const auto inside = trimmed(text.substr(begin, end_of_group(text, begin) - begin)); !inside.empty())
      return inside;
    end = at;
  }
  return {};
}

} // namespace avp
