// Taking marked texts apart and putting them together.
#include "gpu/text/jinja/split.hpp"

#include <algorithm>
#include <cstddef>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/utf8.hpp"
#include "gpu/text/white_space.hpp"

namespace avp::jinja {

namespace {

/// Where the words of a text lie.
std::vector<text_range> words_of(std::string_view text) {
  std::vector<text_range> words;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const utf8_unit unit = read_utf8(text.substr(at));
    const bool space = unit.state == utf8_state::valid && is_python_space(unit.character);
    if (!space && !inside)
      words.push_back({at, at});
    inside = !space;
    at += unit.length;
    if (inside)
      words.back().end = at;
  }
  return words;
}

} // namespace

std::vector<marked_text> split_words(const marked_text& text, std::int64_t most, bool from_back) {
  auto words = words_of(text.text());
  if (most >= 0 && words.size() > static_cast<std::size_t>(most) + 1) {
    const auto extra = static_cast<std::ptrdiff_t>(words.size() - static_cast<std::size_t>(most) - 1);
    if (from_back) {
      words[static_cast<std::size_t>(extra)].begin = words.front().begin;
      words.erase(words.begin(), words.begin() + extra);
    } else {
      words.erase(words.end() - extra, words.end());
    }
  }
  if (most >= 0 && !words.empty() && words.size() == static_cast<std::size_t>(most) + 1) {
    // What is not split keeps its white space at the end that was not looked at.
    if (from_back)
      words.front().begin = 0;
    else
      words.back().end = text.text().size();
    const auto rest = text.substr(from_back ? 0 : words.back().begin,
                                  from_back ? words.front().end : words.back().end - words.back().begin);
    std::vector<marked_text> parts;
    if (from_back)
      parts.push_back(rest);
    for (std::size_t i = from_back ? 1 : 0; i < words.size() - (from_back ? 0 : 1); ++i)
      parts.push_back(text.substr(words[i].begin, words[i].end - words[i].begin));
    if (!from_back)
      parts.push_back(rest);
    return parts;
  }
  std::vector<marked_text> parts;
  for (const auto& [begin, end] : words)
    parts.push_back(text.substr(begin, end - begin));
  return parts;
}

std::vector<marked_text> split_at(const marked_text& text, std::string_view separator, std::int64_t most,
                                  bool from_back) {
  const std::string& bytes = text.text();
  std::vector<std::size_t> cuts;
  const auto wants_more = [&] { return most < 0 || cuts.size() < static_cast<std::size_t>(most); };
  if (from_back) {
    spend_backward_search(bytes, separator);
    auto end = bytes.size();
    while (wants_more() && end >= separator.size()) {
      const auto at = bytes.rfind(separator, end - separator.size());
      if (at == std::string::npos)
        break;
      cuts.push_back(at);
      end = at;
    }
    std::ranges::reverse(cuts);
  } else {
    for (auto at = place_in(bytes, separator); wants_more() && at != std::string::npos;
         at = place_in(bytes, separator, at + separator.size()))
      cuts.push_back(at);
  }
  std::vector<marked_text> parts;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    parts.push_back(text.substr(begin, cut - begin));
    begin = cut + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

marked_text replaced(const marked_text& text, std::string_view old, const marked_text& replacement, std::int64_t most) {
  marked_text made;
  if (!old.empty()) {
    const auto parts = split_at(text, old, most, false);
    for (const auto& part : parts) {
      if (&part != parts.data())
        made += replacement;
      made += part;
    }
    return made;
  }
  const auto starts = character_starts(text.text()); // nothing stands before every character, and at the end
  for (std::size_t i = 0; i < starts.size(); ++i) {
    if (most < 0 || i < static_cast<std::size_t>(most))
      made += replacement;
    if (i + 1 < starts.size())
      made += text.substr(starts[i], starts[i + 1] - starts[i]);
  }
  return made;
}

} // namespace avp::jinja
