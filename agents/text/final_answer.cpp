// Boxes, braces balanced.
#include "agents/text/final_answer.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "transport/ascii.hpp"

namespace avp {
namespace {

// Boxes --------------------------------------------------------------------------------------------------------------

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
