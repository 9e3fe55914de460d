// Finds a text or a pattern of a tokenizer's steps in texts.
#include "gpu/text/text_matcher.hpp"

#include <stdexcept>

#include "gpu/text/ruby_pattern.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

text_matcher::text_matcher(const step_pattern& pattern) : text_(pattern.text) {
  if (pattern.text.empty())
    throw std::invalid_argument("the pattern is empty");
  if (!pattern.is_regex)
    return;
  try {
    pattern_.emplace_back(pcre_of_ruby_pattern(pattern.text), pattern_origin::model);
  } catch (const regular_expression_error& error) {
    throw std::invalid_argument(std::string("the pattern is none: ") + error.what());
  }
}

std::vector<text_range> text_matcher::find_all(std::string_view text) const {
  std::vector<text_range> found;
  if (pattern_.empty()) {
    for (auto at = text.find(text_); at != std::string_view::npos; at = text.find(text_, at + text_.size()))
      found.push_back({at, at + text_.size()});
    return found;
  }
  const auto search = [&](std::size_t begin, std::size_t end) {
    if (begin != end)
      for (const auto& [from, to] : pattern_.front().find_places(text.substr(begin, end - begin)))
        found.push_back({begin + from, begin + to});
  };
  std::size_t valid = 0; // Where the UTF-8 before `at` begins.
  for (std::size_t at = 0; at < text.size();) {
    const auto unit = read_utf8(text.substr(at));
    if (unit.state != utf8_state::valid) {
      search(valid, at);
      valid = at + unit.length;
    }
    at += unit.length;
  }
  search(valid, text.size());
  return found;
}

} // namespace avp
