// Normalises text, and knows which part of the original each part comes from.
#include "gpu/text/normalizer.hpp"

#include <algorithm>
#include <utility>

#include "gpu/text/unicode_class.hpp"
#include "gpu/text/unicode_form.hpp"
#include "gpu/text/utf8.hpp"
#include "gpu/text/white_space.hpp"

namespace avp {

namespace {

void append_from(aligned_text& to, std::string_view text, text_range origin) {
  to.text += text;
  to.origins.resize(to.text.size(), origin);
}

/// Appends a part of another aligned text as it is.
void append_part(aligned_text& to, const aligned_text& from, std::size_t begin, std::size_t count) {
  to.text.append(from.text, begin, count);
  const auto first = from.origins.begin() + static_cast<std::ptrdiff_t>(begin);
  to.origins.insert(to.origins.end(), first, first + static_cast<std::ptrdiff_t>(count));
}

/// What the bytes from `begin` up to `end`, at least one, were made of.
text_range origin_of(const aligned_text& text, std::size_t begin, std::size_t end) {
  text_range whole = text.origins[begin];
  for (std::size_t i = begin; i < end; ++i)
    whole = {std::min(whole.begin, text.origins[i].begin), std::max(whole.end, text.origins[i].end)};
  return whole;
}

/// Takes each part of `text` whose form does not depend on its neighbours for itself, so that it is known what it is
/// made of.
aligned_text in_form(const aligned_text& text, unicode_form form) {
  aligned_text result;
  const std::string_view all = text.text;
  for (std::size_t at = 0; at < all.size();) {
    const auto unit = read_utf8(all.substr(at));
    const bool is_ascii = static_cast<unsigned char>(all[at]) < 0x80;
    const bool leaned_on = at + unit.length < all.size() && static_cast<unsigned char>(all[at + unit.length]) >= 0x80;
    if (unit.state != utf8_state::valid || (is_ascii && !leaned_on)) {
      append_part(result, text, at, unit.length);
      at += unit.length;
      continue;
    }
    std::size_t end = at; // Of the valid characters from here on that belong together.
    while (end < all.size() && end - at < 64) {
      const auto next = read_utf8(all.substr(end));
      if (next.state != utf8_state::valid)
        break;
      end += next.length;
    }
    auto length = normalized_apart(all.substr(at, end - at));
    if (length == end - at && end < all.size()) { // a long row of marks
      while (end < all.size() && read_utf8(all.substr(end)).state == utf8_state::valid)
        end += read_utf8(all.substr(end)).length;
      length = normalized_apart(all.substr(at, end - at));
    }
    const auto part = all.substr(at, length);
    const auto made = normalized(part, form);
    if (made == part)
      append_part(result, text, at, length);
    else
      append_from(result, made, origin_of(text, at, at + length));
    at += length;
  }
  return result;
}

/// Puts what `change` appends for each character in its place.
template <class Change>
aligned_text by_character(const aligned_text& text, Change change) {
  aligned_text result;
  for (std::size_t at = 0; at < text.text.size();) {
    const auto unit = read_utf8(std::string_view(text.text).substr(at));
    if (unit.state == utf8_state::valid) {
      std::string made;
      change(made, unit.character);
      append_from(result, made, origin_of(text, at, at + unit.length));
    } else {
      append_part(result, text, at, unit.length);
    }
    at += unit.length;
  }
  return result;
}

aligned_text without_blanks_at_ends(const aligned_text& text, bool left, bool right) {
  std::size_t first = text.text.size(), last = 0; // Of what is no white space; `last` one past it.
  for (std::size_t at = 0; at < text.text.size();) {
    const auto unit = read_utf8(std::string_view(text.text).substr(at));
    if (unit.state != utf8_state::valid || !is_white_space(unit.character)) {
      first = std::min(first, at);
      last = at + unit.length;
    }
    at += unit.length;
  }
  aligned_text result;
  const auto begin = left ? first : 0;
  const auto end = right ? last : text.text.size();
  if (begin < end)
    append_part(result, text, begin, end - begin);
  return result;
}

aligned_text with_replaced(const aligned_text& text, const text_matcher& matcher, std::string_view by) {
  aligned_text result;
  std::size_t done = 0;
  for (const auto& [begin, end] : matcher.find_all(text.text)) {
    append_part(result, text, done, begin - done);
    if (begin != end)
      append_from(result, by, origin_of(text, begin, end));
    else if (begin < text.text.size())
      append_from(result, by, {text.origins[begin].begin, text.origins[begin].begin});
    else
      append_from(result, by, begin == 0 ? text_range{} : text_range{text.origins.back().end, text.origins.back().end});
    done = end;
  }
  append_part(result, text, done, text.text.size() - done);
  return result;
}

aligned_text after_step(const aligned_text& text, const normalizer_step& step,
                        const std::vector<text_matcher>& matcher) {
  switch (step.kind) {
  case normalizer_kind::nfc:
    return in_form(text, unicode_form::nfc);
  case normalizer_kind::nfd:
    return in_form(text, unicode_form::nfd);
  case normalizer_kind::nfkc:
    return in_form(text, unicode_form::nfkc);
  case normalizer_kind::nfkd:
    return in_form(text, unicode_form::nfkd);
  case normalizer_kind::lowercase:
    return by_character(text, append_lower_case);
  case normalizer_kind::strip_accents:
    return by_character(text, [](std::string& to, char32_t c) {
      if (!is_mark(c))
        append_utf8(to, c);
    });
  case normalizer_kind::strip:
    return without_blanks_at_ends(text, step.left, step.right);
  case normalizer_kind::prepend: {
    aligned_text result;
    if (!text.text.empty())
      append_from(result, step.text, {text.origins.front().begin, text.origins.front().begin});
    append_part(result, text, 0, text.text.size());
    return result;
  }
  case normalizer_kind::replace:
    break;
  }
  return with_replaced(text, matcher.front(), step.text);
}

} // namespace

normalizer::normalizer(std::span<const normalizer_step> steps) {
  for (const auto& step : steps) {
    ready_step ready{step, {}};
    if (step.kind == normalizer_kind::replace)
      ready.matcher.emplace_back(step.pattern);
    steps_.push_back(std::move(ready));
  }
}

aligned_text normalizer::apply(std::string_view text, std::size_t at) const {
  aligned_text result{std::string(text), {}};
  result.origins.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    result.origins.push_back({at + i, at + i + 1});
  for (const auto& [step, matcher] : steps_)
    result = after_step(result, step, matcher);
  return result;
}

} // namespace avp
