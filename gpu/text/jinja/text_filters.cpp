// Filters that give strings.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/filters.hpp"
#include "gpu/text/jinja/iterate.hpp"
#include "gpu/text/jinja/printf.hpp"
#include "gpu/text/jinja/show.hpp"
#include "gpu/text/jinja/split.hpp"
#include "gpu/text/jinja/to_json.hpp"
#include "gpu/text/utf8.hpp"
#include "gpu/text/white_space.hpp"

namespace avp::jinja {

namespace {

template <marked_text (*change)(const marked_text&)>
value case_filter(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("a filter for upper or lower case", given, 0, 0);
  return work.text(change(shown(work, what)));
}

marked_text words_capitalized(const marked_text& text) {
  bool begins = true;
  return changed_parts(text, [&](std::string_view part) {
    std::string made;
    for (std::size_t at = 0; at < part.size();) {
      const utf8_unit unit = read_utf8(part.substr(at));
      const bool separates = unit.state == utf8_state::valid &&
                             (is_python_space(unit.character) ||
                              std::u32string_view(U"-({[<").find(unit.character) != std::u32string_view::npos);
      const auto one = marked_text::trusted(std::string(part.substr(at, unit.length)));
      made += (begins ? upper(one) : lower(one)).text();
      begins = separates;
      at += unit.length;
    }
    return made;
  });
}

value as_string(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("this filter", given, 0, 0);
  return work.text(shown(work, what));
}

value trim(run& work, const value& what, const arguments& given) {
  const auto bound = bind("trim", given, {"chars?"});
  const auto text = shown(work, what);
  return work.text(is_given(bound[0]) ? strip(text, side::both, text_of(*bound[0]).text()) : strip(text, side::both));
}

value replace(run& work, const value& what, const arguments& given) {
  const auto bound = bind("replace", given, {"old", "new", "count?"});
  const auto old = shown(work, *bound[0]);
  const auto made = shown(work, *bound[1]);
  const auto text = shown(work, what);
  work.spend(text.text().size() / 16);
  if (made.text().size() > old.text().size())
    work.spend_text((text.text().size() / std::max<std::size_t>(old.text().size(), 1) + 1) * made.text().size());
  return work.text(replaced(text, old.text(), made, is_given(bound[2]) ? integer_or(bound[2], -1) : -1));
}

value format(run& work, const value& what, const arguments& given) {
  const auto form = shown(work, what);
  if (given.keywords.empty())
    return work.text(print_formatted(work, form, value::tuple(given.positional)));
  if (!given.positional.empty())
    throw fault("format takes arguments with names or without, not both");
  mapping named;
  for (const auto& [name, held] : given.keywords)
    named.put(value::trusted(name), held);
  return work.text(print_formatted(work, form, named));
}

value center(run& work, const value& what, const arguments& given) {
  const auto bound = bind("center", given, {"width?"});
  const auto width = bound[0] ? *bound[0] : value(std::int64_t{80});
  return find_method(value(shown(work, what)), "center")->made()->call(work, {{width}, {}});
}

value indent(run& work, const value& what, const arguments& given) {
  const auto bound = bind("indent", given, {"width?", "first?", "blank?"});
  const auto& text = text_of(what);
  const std::int64_t width = bound[0] && bound[0]->text() ? 0 : integer_or(bound[0], 4);
  work.spend_text(
      static_cast<std::size_t>(std::clamp<std::int64_t>(width, 0, std::numeric_limits<std::int32_t>::max())));
  const auto before =
      bound[0] && bound[0]->text()
          ? *bound[0]->text()
          : marked_text::trusted(std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' '));
  const auto feed = marked_text::trusted("\n");
  auto lines = split_lines(text + feed);
  work.spend(lines.size());
  work.spend_text(text.text().size() + lines.size() * before.text().size());
  marked_text made = is_true(bound[1]) ? before : marked_text();
  for (const auto& line : lines) {
    if (&line != lines.data()) {
      made += feed;
      if (is_true(bound[2]) || !line.empty())
        made += before;
    }
    made += line;
  }
  return work.text(std::move(made));
}

value truncate(run& work, const value& what, const arguments& given) {
  const auto bound = bind("truncate", given, {"length?", "killwords?", "end?", "leeway?"});
  const std::int64_t length = integer_or(bound[0], 255);
  const auto end = bound[2] ? text_of(*bound[2]) : marked_text::trusted("...");
  const std::int64_t leeway = is_given(bound[3]) ? integer_or(bound[3], 5) : 5;
  const auto end_length = static_cast<std::int64_t>(count_characters(end.text()));
  if (length < end_length || leeway < 0)
    throw fault("truncate needs a length of at least that of its end, and a leeway of at least 0");
  if (static_cast<std::int64_t>(jinja::length(what)) <= length + leeway)
    return what;
  const auto& text = text_of(what);
  auto kept = text.substr(0, bytes_of(text.text(), static_cast<std::size_t>(length - end_length)));
  if (!is_true(bound[1]))
    if (const auto space = kept.text().rfind(' '); space != std::string::npos)
      kept = kept.substr(0, space);
  return work.text(kept + end);
}

marked_text escaped(const marked_text& text) {
  return changed_parts(text, [](std::string_view part) {
    std::string made;
    for (const char c : part)
      made += c == '&'    ? std::string("&amp;")
              : c == '<'  ? "&lt;"
              : c == '>'  ? "&gt;"
              : c == '\'' ? "&#39;"
              : c == '"'  ? "&#34;"
                          : std::string(1, c);
    return made;
  });
}

value escape(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("escape", given, 0, 0);
  return work.text(escaped(shown(work, what)));
}

value xmlattr(run& work, const value& what, const arguments& given) {
  const auto bound = bind("xmlattr", given, {"autospace?"});
  if (!what.entries())
    throw fault("xmlattr needs a map, but a " + what.type_name() + " came");
  marked_text made;
  for (const auto& [key, held] : what.entries()->entries()) {
    if (held.is_none() || held.is_undefined())
      continue;
    if (text_of(key).text().find_first_of(" \t\n\r\f\v/>=") != std::string::npos)
      throw fault("the name of an attribute has a character that none may have");
    made += marked_text::trusted(made.empty() ? "" : " ");
    made +=
        escaped(*key.text()) + marked_text::trusted("=\"") + escaped(shown(work, held)) + marked_text::trusted("\"");
  }
  if (!made.empty() && (!bound[0] || bound[0]->truth()))
    made = marked_text::trusted(" ") + made;
  return work.text(std::move(made));
}

marked_text url_quoted(const marked_text& text, bool query) {
  return changed_parts(text, [&](std::string_view part) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string made;
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         std::string_view("_.-~").find(c) != std::string_view::npos || (c == '/' && !query);
      if (plain)
        made += c;
      else if (c == ' ' && query)
        made += '+';
      else
        made += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    return made;
  });
}

value urlencode(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("urlencode", given, 0, 0);
  if (!what.entries() && !what.items())
    return work.text(what.is_undefined() ? marked_text() : url_quoted(shown(work, what), false));
  std::vector<value> entries = what.entries() ? pairs(*what.entries()) : elements(work, what);
  marked_text made;
  for (const value& entry : entries) {
    const auto pair = elements(work, entry);
    if (pair.size() != 2)
      throw fault("urlencode needs pairs of a name and a value");
    made += marked_text::trusted(made.empty() ? "" : "&");
    made += url_quoted(shown(work, pair[0]), true) + marked_text::trusted("=") + url_quoted(shown(work, pair[1]), true);
  }
  return work.text(std::move(made));
}

value tojson(run& work, const value& what, const arguments& given) {
  const auto bound = bind("tojson", given, {"ensure_ascii?", "indent?", "separators?", "sort_keys?"});
  json_layout layout{.ascii = is_true(bound[0]), .sorted = is_true(bound[3])};
  if (is_given(bound[1])) {
    layout.between_items = marked_text::trusted(",");
    const std::int64_t width = bound[1]->text() ? 0 : std::clamp<std::int64_t>(integer_or(bound[1], 0), 0, 1000);
    layout.indent =
        bound[1]->text() ? *bound[1]->text() : marked_text::trusted(std::string(static_cast<std::size_t>(width), ' '));
  }
  if (is_given(bound[2])) {
    const auto separators = elements(work, *bound[2]);
    if (separators.size() != 2)
      throw fault("tojson takes two separators: between elements, and behind a key");
    layout.between_items = text_of(separators[0]);
    layout.behind_key = text_of(separators[1]);
  }
  return work.text(to_json(work, what, layout));
}

constexpr auto filters_to_text = std::to_array<named_method>({
    {"upper", case_filter<upper>},
    {"lower", case_filter<lower>},
    {"capitalize", case_filter<capitalized>},
    {"title", case_filter<words_capitalized>},
    {"string", as_string},
    {"safe", as_string},
    {"trim", trim},
    {"replace", replace},
    {"format", format},
    {"center", center},
    {"indent", indent},
    {"truncate", truncate},
    {"e", escape},
    {"escape", escape},
    {"forceescape", escape},
    {"xmlattr", xmlattr},
    {"urlencode", urlencode},
    {"tojson", tojson},
});

} // namespace

std::span<const named_method> text_filters() { return filters_to_text; }

} // namespace avp::jinja
