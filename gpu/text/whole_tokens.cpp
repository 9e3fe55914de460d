// Finds the special and added tokens of a vocabulary in texts.
#include "gpu/text/whole_tokens.hpp"

#include <algorithm>

#include "gpu/text/subword_model.hpp"
#include "gpu/text/unicode_class.hpp"
#include "gpu/text/utf8.hpp"
#include "gpu/text/white_space.hpp"

namespace avp {

namespace {

/// The character that ends before the byte `end`, which is not 0.
utf8_unit unit_before(std::string_view text, std::size_t end) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, end); ++length)
    if (const auto unit = read_utf8(text.substr(end - length, length));
        unit.state == utf8_state::valid && unit.length == length)
      return unit;
  return {1, utf8_state::invalid, 0};
}

bool is_word_unit(const utf8_unit& unit) {
  return unit.state == utf8_state::valid && is_word_character(unit.character);
}

bool is_blank_unit(const utf8_unit& unit) { return unit.state == utf8_state::valid && is_white_space(unit.character); }

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_word_unit(unit_before(text, begin))) &&
         (end == text.size() || !is_word_unit(read_utf8(text.substr(end))));
}

} // namespace

void whole_tokens::insert(const vocabulary_token& token, std::string_view text, std::int32_t id) {
  if (text.empty())
    return;
  const auto place = static_cast<std::int32_t>(rules_.size());
  trie_.insert(text, place);
  if (token.kind == token_kind::added && is_blank(text))
    blanks_.insert(text, place);
  rules_.push_back({id, token.takes_left_blanks, token.takes_right_blanks, token.is_word});
}

std::vector<whole_match> whole_tokens::find_all(std::string_view text, std::span<const text_range> trusted) const {
  std::vector<whole_match> matches;
  auto range = trusted.begin(); // The first one that ends behind `at`.
  for (std::size_t at = 0; at < text.size();) {
    while (range != trusted.end() && range->end <= at)
      ++range;
    auto found = blanks_.longest_match(text.substr(at));
    if (range != trusted.end() && range->begin <= at)
      if (const auto other = trie_.longest_match(text.substr(at, range->end - at));
          other && (!found || other->length >= found->length))
        found = other;
    if (found)
      add_match(text, at, at + found->length, rules_[static_cast<std::size_t>(found->id)], matches);
    at += found ? found->length : 1;
  }
  return matches;
}

void whole_tokens::add_match(std::string_view text, std::size_t begin, std::size_t end, const rule& found,
                             std::vector<whole_match>& matches) const {
  if (found.is_word && !stands_alone(text, begin, end))
    return;
  const auto done = matches.empty() ? 0 : matches.back().end;
  if (found.takes_left_blanks)
    while (begin > done && is_blank_unit(unit_before(text, begin)))
      begin -= unit_before(text, begin).length;
  if (found.takes_right_blanks)
    while (end < text.size() && is_blank_unit(read_utf8(text.substr(end))))
      end += read_utf8(text.substr(end)).length;
  // A token of blanks that the one before it took is there all the same, and ends where it ends, as in the library.
  matches.push_back({found.id, std::max(begin, done), end});
}

std::vector<text_range> trusted_ranges(std::size_t size, std::span<const text_range> data) {
  std::vector<text_range> ranges;
  std::size_t begin = 0;
  for (const auto& [from, to] : data) {
    if (begin < from)
      ranges.push_back({begin, from});
    begin = to;
  }
  if (begin < size)
    ranges.push_back({begin, size});
  return ranges;
}

} // namespace avp
