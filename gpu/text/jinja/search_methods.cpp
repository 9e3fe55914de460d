// Methods of strings that look for parts, and that answer yes or no or a number.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/methods.hpp"

namespace avp::jinja {

namespace {

/// The part of a string that a search looks at, and where it begins.
struct searched_part {
  std::string_view text;
  std::int64_t first = 0; ///< Its first character's place in the whole string.
  bool exists = true;     ///< Not where the beginning lies behind the end.
};

searched_part part_of(const value& self, const value* from, const value* to) {
  const std::string_view text = self.text()->text();
  if (!is_given(from) && !is_given(to))
    return {text};
  const auto starts = character_starts(text);
  const auto size = static_cast<std::int64_t>(starts.size()) - 1;
  const auto begin = is_given(from) ? integer_or(from, 0) : 0;
  const auto first = begin < 0 ? std::max<std::int64_t>(begin + size, 0) : begin;
  const auto end = is_given(to) ? integer_or(to, 0) : size;
  const auto last = end < 0 ? std::max<std::int64_t>(end + size, 0) : std::min(end, size);
  if (first > last || first > size)
    return {{}, first, false};
  const auto at = starts[static_cast<std::size_t>(first)];
  return {text.substr(at, starts[static_cast<std::size_t>(last)] - at), first, true};
}

std::int64_t find_in(const value& self, const arguments& given, bool last) {
  const auto bound = bind_unnamed("find()", given, 1, 3);
  const std::string& wanted = text_of(*bound[0]).text();
  const auto part = part_of(self, bound[1], bound[2]);
  if (last)
    spend_backward_search(part.text, wanted);
  const auto at = !part.exists ? std::string_view::npos : last ? part.text.rfind(wanted) : place_in(part.text, wanted);
  if (at == std::string_view::npos)
    return -1;
  return part.first + static_cast<std::int64_t>(count_characters(part.text.substr(0, at)));
}

value found_or_refused(std::int64_t at) {
  if (at < 0)
    throw fault("the substring that index() looks for is not there");
  return at;
}

value text_find(run&, const value& self, const arguments& given) { return find_in(self, given, false); }
value text_rfind(run&, const value& self, const arguments& given) { return find_in(self, given, true); }
value text_index(run&, const value& self, const arguments& given) {
  return found_or_refused(find_in(self, given, false));
}
value text_rindex(run&, const value& self, const arguments& given) {
  return found_or_refused(find_in(self, given, true));
}

value text_count(run&, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("count()", given, 1, 3);
  const std::string& wanted = text_of(*bound[0]).text();
  const auto part = part_of(self, bound[1], bound[2]);
  if (!part.exists)
    return std::int64_t{0};
  if (wanted.empty())
    return static_cast<std::int64_t>(count_characters(part.text)) + 1;
  std::int64_t count = 0;
  for (auto at = place_in(part.text, wanted); at != std::string_view::npos;
       at = place_in(part.text, wanted, at + wanted.size()))
    ++count;
  return count;
}

bool is_at_end(const value& self, const arguments& given, bool back) {
  const auto bound = bind_unnamed(back ? "endswith()" : "startswith()", given, 1, 3);
  const auto part = part_of(self, bound[1], bound[2]);
  const auto matches = [&](const value& wanted) {
    const std::string& text = text_of(wanted).text();
    return part.exists && (back ? part.text.ends_with(text) : part.text.starts_with(text));
  };
  const auto* several = bound[0]->items();
  return several && several->kind == sequence_kind::tuple ? std::ranges::any_of(several->items, matches)
                                                          : matches(*bound[0]);
}

value text_startswith(run&, const value& self, const arguments& given) { return is_at_end(self, given, false); }
value text_endswith(run&, const value& self, const arguments& given) { return is_at_end(self, given, true); }

template <character_class what>
value text_is_of(run&, const value& self, const arguments& given) {
  (void)bind_unnamed("a question about a string", given, 0, 0);
  return all_of_class(what, self.text()->text());
}

template <bool (*is_of_case)(std::string_view)>
value text_is_of_case(run&, const value& self, const arguments& given) {
  (void)bind_unnamed("a question about a string", given, 0, 0);
  return is_of_case(self.text()->text());
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_identifier(std::string_view text) {
  return all_of_class(character_class::word, text) &&
         !all_of_class(character_class::numeric, text.substr(0, bytes_of(text, 1)));
}

constexpr auto searches = std::to_array<named_method>({
    {"find", text_find},
    {"rfind", text_rfind},
    {"index", text_index},
    {"rindex", text_rindex},
    {"count", text_count},
    {"startswith", text_startswith},
    {"endswith", text_endswith},
    {"isalpha", text_is_of<character_class::alpha>},
    {"isdigit", text_is_of<character_class::digit>},
    {"isdecimal", text_is_of<character_class::decimal>},
    {"isnumeric", text_is_of<character_class::numeric>},
    {"isalnum", text_is_of<character_class::alphanumeric>},
    {"isspace", text_is_of<character_class::space>},
    {"isprintable", text_is_of<character_class::printable>},
    {"islower", text_is_of_case<is_lower_case>},
    {"isupper", text_is_of_case<is_upper_case>},
    {"istitle", text_is_of_case<is_title_case>},
    {"isascii", text_is_of_case<is_ascii>},
    {"isidentifier", text_is_of_case<is_identifier>},
});

} // namespace

std::span<const named_method> search_methods() { return searches; }

} // namespace avp::jinja
