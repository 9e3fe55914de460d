// Methods of strings that give strings.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/iterate.hpp"
#include "gpu/text/jinja/methods.hpp"
#include "gpu/text/jinja/split.hpp"
#include "gpu/text/jinja/text_format.hpp"

namespace avp::jinja {

namespace {

template <side where>
value text_strip(run& work, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("strip()", given, 0, 1);
  return work.text(is_given(bound[0]) ? strip(*self.text(), where, text_of(*bound[0]).text())
                                      : strip(*self.text(), where));
}

template <marked_text (*change)(const marked_text&)>
value text_changed(run& work, const value& self, const arguments& given) {
  (void)bind_unnamed("a change of case", given, 0, 0);
  return work.text(change(*self.text()));
}

value list_of_texts(run& work, std::vector<marked_text> parts) {
  work.spend(parts.size());
  std::vector<value> items;
  for (auto& part : parts)
    items.push_back(work.text(std::move(part)));
  return value::list(std::move(items));
}

template <bool from_back>
value text_split(run& work, const value& self, const arguments& given) {
  const auto bound = bind("split()", given, {"sep?", "maxsplit?"});
  const std::int64_t most = integer_or(bound[1], -1);
  if (!is_given(bound[0]))
    return list_of_texts(work, split_words(*self.text(), most, from_back));
  const std::string& separator = text_of(*bound[0]).text();
  if (separator.empty())
    throw fault("split() needs a separator that is not empty");
  work.spend(self.text()->text().size() / 16);
  return list_of_texts(work, split_at(*self.text(), separator, most, from_back));
}

value text_splitlines(run& work, const value& self, const arguments& given) {
  const auto bound = bind("splitlines()", given, {"keepends?"});
  return list_of_texts(work, split_lines(*self.text(), integer_or(bound[0], 0) != 0));
}

template <bool from_back>
value text_partition(run&, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("partition()", given, 1, 1);
  const auto& separator = text_of(*bound[0]).text();
  if (separator.empty())
    throw fault("partition() needs a separator that is not empty");
  const auto& text = *self.text();
  if (from_back)
    spend_backward_search(text.text(), separator);
  const auto at = from_back ? text.text().rfind(separator) : place_in(text.text(), separator);
  if (at == std::string::npos)
    return from_back ? value::tuple({marked_text(), marked_text(), text})
                     : value::tuple({text, marked_text(), marked_text()});
  return value::tuple({text.substr(0, at), text.substr(at, separator.size()), text.substr(at + separator.size())});
}

value text_replace(run& work, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("replace()", given, 2, 3);
  const auto& old = text_of(*bound[0]).text();
  const auto& made = text_of(*bound[1]);
  work.spend(self.text()->text().size() / 16);
  if (!made.empty() && made.text().size() > old.size()) // what it would take at most, before it is taken
    work.spend_text(std::min<std::size_t>(self.text()->text().size() / std::max<std::size_t>(old.size(), 1) + 1,
                                          std::numeric_limits<std::uint32_t>::max()) *
                    made.text().size());
  return work.text(replaced(*self.text(), old, made, integer_or(bound[2], -1)));
}

value text_removeprefix(run&, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("removeprefix()", given, 1, 1);
  const auto& prefix = text_of(*bound[0]).text();
  return self.text()->text().starts_with(prefix) ? self.text()->substr(prefix.size()) : *self.text();
}

value text_removesuffix(run&, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("removesuffix()", given, 1, 1);
  const auto& suffix = text_of(*bound[0]).text();
  const auto& text = *self.text();
  return text.text().ends_with(suffix) ? text.substr(0, text.text().size() - suffix.size()) : text;
}

/// How many characters are missing to `width`, counted before they are made.
std::size_t missing_width(run& work, const marked_text& text, std::int64_t width, std::size_t unit = 1) {
  const auto have = static_cast<std::int64_t>(count_characters(text.text()));
  if (width <= have)
    return 0;
  const auto count = static_cast<std::size_t>(width - have);
  work.spend_text(text.text().size() + std::min<std::size_t>(count, std::numeric_limits<std::uint32_t>::max()) * unit);
  work.spend(count);
  return count;
}

marked_text fill_of(const value* given) {
  if (!given)
    return marked_text::trusted(" ");
  if (count_characters(text_of(*given).text()) != 1)
    throw fault("a string is filled with one character");
  return *given->text();
}

enum class text_side : std::uint8_t { left, right, middle };

template <text_side where>
value text_justified(run& work, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("center(), ljust() or rjust()", given, 1, 2);
  const auto fill = fill_of(bound[1]);
  const std::int64_t width = integer_or(bound[0], 0);
  const std::size_t count = missing_width(work, *self.text(), width, fill.text().size());
  // Where Python puts the odd one in the middle depends on the width.
  const std::size_t left = where == text_side::left    ? 0
                           : where == text_side::right ? count
                                                       : count / 2 + (count & static_cast<std::size_t>(width) & 1U);
  return work.text(repeated(fill, left) + *self.text() + repeated(fill, count - left));
}

value text_zfill(run& work, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("zfill()", given, 1, 1);
  const auto& text = *self.text();
  const auto zeros = repeated(marked_text::trusted("0"), missing_width(work, text, integer_or(bound[0], 0)));
  const bool has_sign = text.text().starts_with('+') || text.text().starts_with('-');
  return work.text(text.substr(0, has_sign ? 1 : 0) + zeros + text.substr(has_sign ? 1 : 0));
}

value text_join(run& work, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("join()", given, 1, 1);
  marked_text made;
  bool is_first = true;
  for (const value& item : elements(work, *bound[0])) {
    if (!std::exchange(is_first, false))
      made += *self.text();
    made += text_of(item);
    work.check_text(made.text().size());
  }
  return work.text(std::move(made));
}

value text_format(run& work, const value& self, const arguments& given) {
  return work.text(formatted(work, *self.text(), given));
}

value text_format_map(run& work, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("format_map()", given, 1, 1);
  if (!bound[0]->entries())
    throw fault("format_map() needs a map, but a " + bound[0]->type_name() + " came");
  arguments named;
  for (const auto& [key, held] : bound[0]->entries()->entries())
    if (key.text())
      named.keywords.emplace_back(key.text()->text(), held);
  return work.text(formatted(work, *self.text(), named));
}

value text_expandtabs(run& work, const value& self, const arguments& given) {
  const auto bound = bind("expandtabs()", given, {"tabsize?"});
  const auto size = static_cast<std::size_t>(std::clamp<std::int64_t>(integer_or(bound[0], 8), 0, 1000));
  const auto& text = *self.text();
  const auto starts = character_starts(text.text());
  marked_text made;
  std::size_t column = 0;
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const auto part = text.substr(starts[i], starts[i + 1] - starts[i]);
    const char first = part.text()[0];
    const std::size_t spaces = first == '\t' && size > 0 ? size - column % size : 0;
    work.spend(1 + spaces);
    made += first == '\t'
                ? repeated(changed_parts(part, [](auto bytes) { return std::string(bytes.size(), ' '); }), spaces)
                : part;
    column = first == '\n' || first == '\r' ? 0 : column + (first == '\t' ? spaces : 1);
  }
  return work.text(std::move(made));
}

constexpr auto changes = std::to_array<named_method>({
    {"strip", text_strip<side::both>},
    {"lstrip", text_strip<side::left>},
    {"rstrip", text_strip<side::right>},
    {"upper", text_changed<upper>},
    {"lower", text_changed<lower>},
    {"casefold", text_changed<case_folded>},
    {"title", text_changed<title_case>},
    {"capitalize", text_changed<capitalized>},
    {"swapcase", text_changed<swap_case>},
    {"split", text_split<false>},
    {"rsplit", text_split<true>},
    {"splitlines", text_splitlines},
    {"partition", text_partition<false>},
    {"rpartition", text_partition<true>},
    {"replace", text_replace},
    {"removeprefix", text_removeprefix},
    {"removesuffix", text_removesuffix},
    {"center", text_justified<text_side::middle>},
    {"ljust", text_justified<text_side::left>},
    {"rjust", text_justified<text_side::right>},
    {"zfill", text_zfill},
    {"join", text_join},
    {"format", text_format},
    {"format_map", text_format_map},
    {"expandtabs", text_expandtabs},
});

} // namespace

std::span<const named_method> text_methods() { return changes; }

} // namespace avp::jinja
