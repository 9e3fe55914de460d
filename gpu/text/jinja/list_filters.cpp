// Filters on lists and maps.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/compare.hpp"
#include "gpu/text/jinja/element_key.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/filters.hpp"
#include "gpu/text/jinja/iterate.hpp"
#include "gpu/text/jinja/lookup.hpp"
#include "gpu/text/jinja/operators.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

namespace {

value length_of(run&, const value& what, const arguments& given) {
  (void)bind_unnamed("length", given, 0, 0);
  return static_cast<std::int64_t>(length(what));
}

value default_of(run&, const value& what, const arguments& given) {
  const auto bound = bind("default", given, {"default_value?", "boolean?"});
  if (!what.is_undefined() && !(is_true(bound[1]) && !what.truth()))
    return what;
  return bound[0] ? *bound[0] : value(marked_text());
}

value first(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("first", given, 0, 0);
  if (const auto* items = what.items();
      items && items->kind == sequence_kind::generator && items->taken < items->items.size())
    return items->items[items->taken++];
  const auto items = elements(work, what);
  return items.empty() ? value::missing("No first item, sequence was empty.") : items.front();
}

value last(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("last", given, 0, 0);
  if (what.items() && what.items()->kind == sequence_kind::generator)
    throw fault("a generator has no last element: put \"list\" before \"last\"");
  const auto items = elements(work, what);
  return items.empty() ? value::missing("No last item, sequence was empty.") : items.back();
}

value list_of(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("list", given, 0, 0);
  return value::list(elements(work, what));
}

value join(run& work, const value& what, const arguments& given) {
  const auto bound = bind("join", given, {"d?", "attribute?"});
  const element_key key(bound[1]);
  const auto between = bound[0] ? shown(work, *bound[0]) : marked_text();
  marked_text made;
  bool is_first = true;
  for (const value& item : elements(work, what)) {
    if (!std::exchange(is_first, false))
      made += between;
    made += shown(work, key.of(work, item));
    work.check_text(made.text().size());
  }
  return work.text(std::move(made));
}

value reverse(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("reverse", given, 0, 0);
  auto items = elements(work, what);
  std::ranges::reverse(items);
  if (what.text()) {
    marked_text made;
    for (const value& item : items)
      made += *item.text();
    return work.text(std::move(made));
  }
  const bool is_copied = what.items() && what.items()->kind == sequence_kind::generator;
  return is_copied ? value::list(std::move(items)) : value::generator(std::move(items));
}

/// Sorts elements by keys; equal ones stay in their order, in reverse, too.
void sort_by(std::vector<std::pair<value, value>>& keyed, bool reversed) {
  std::ranges::stable_sort(keyed, [&](const auto& left, const auto& right) {
    return reversed ? compare(right.first, left.first) < 0 : compare(left.first, right.first) < 0;
  });
}

std::vector<value> seconds(std::vector<std::pair<value, value>> keyed) {
  std::vector<value> items;
  for (auto& pair : keyed)
    items.push_back(std::move(pair.second));
  return items;
}

value sort(run& work, const value& what, const arguments& given) {
  const auto bound = bind("sort", given, {"reverse?", "case_sensitive?", "attribute?"});
  const element_keys keys(bound[2], !is_true(bound[1]));
  std::vector<std::pair<value, value>> keyed;
  for (const value& item : elements(work, what))
    keyed.emplace_back(keys.of(work, item), item);
  work.spend(keyed.size() * 16);
  sort_by(keyed, is_true(bound[0]));
  return value::list(seconds(std::move(keyed)));
}

value dictsort(run& work, const value& what, const arguments& given) {
  const auto bound = bind("dictsort", given, {"case_sensitive?", "by?", "reverse?"});
  const std::string by = bound[1] ? shown(work, *bound[1]).text() : "key";
  if (by != "key" && by != "value")
    throw fault("dictsort sorts by \"key\" or \"value\", not by \"" + by + "\"");
  if (!what.entries())
    throw fault("dictsort needs a map, but a " + what.type_name() + " came");
  const value index = static_cast<std::int64_t>(by == "value");
  const element_key key(&index, !is_true(bound[0]));
  std::vector<std::pair<value, value>> keyed;
  for (const value& pair : pairs(*what.entries()))
    keyed.emplace_back(key.of(work, pair), pair);
  work.spend(keyed.size() * 16);
  sort_by(keyed, is_true(bound[2]));
  return value::list(seconds(std::move(keyed)));
}

value items_of(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("items", given, 0, 0);
  return generated([&](std::vector<value>& made) {
    if (what.is_undefined())
      return;
    if (!what.entries())
      throw fault("items needs a map, but a " + what.type_name() + " came");
    work.spend(what.entries()->entries().size());
    made = pairs(*what.entries());
  });
}

template <bool most>
value extreme(run& work, const value& what, const arguments& given) {
  const auto bound = bind(most ? "max" : "min", given, {"case_sensitive?", "attribute?"});
  const element_key key(bound[1], !is_true(bound[0]));
  value best = value::missing("No aggregated item, sequence was empty.");
  value best_key;
  bool is_first = true;
  for (const value& item : elements(work, what)) {
    auto looked_at = key.of(work, item);
    if (is_first || (most ? compare(looked_at, best_key, ">") > 0 : compare(looked_at, best_key) < 0)) {
      best = item;
      best_key = std::move(looked_at);
    }
    is_first = false;
  }
  return best;
}

value sum(run& work, const value& what, const arguments& given) {
  const auto bound = bind("sum", given, {"attribute?", "start?"});
  const element_key key(bound[0]);
  value total = bound[1] ? *bound[1] : value(std::int64_t{0});
  if (total.text())
    throw fault("sum adds numbers or lists, no strings: use join");
  for (const value& item : elements(work, what))
    total = apply(work, "+", total, key.of(work, item));
  return total;
}

value unique(run& work, const value& what, const arguments& given) {
  const auto bound = bind("unique", given, {"case_sensitive?", "attribute?"});
  const element_key key(bound[1], !is_true(bound[0]));
  std::unordered_set<value, key_hash, key_equal> seen;
  return generated([&](std::vector<value>& made) {
    for (const value& item : elements(work, what))
      if (seen.insert(key.of(work, item)).second)
        made.push_back(item);
  });
}

value batch(run& work, const value& what, const arguments& given) {
  const auto bound = bind("batch", given, {"linecount", "fill_with?"});
  return generated([&](std::vector<value>& made) {
    const auto size = integer_or(bound[0], 0);
    std::vector<value> row;
    for (const value& item : elements(work, what)) {
      if (static_cast<std::int64_t>(row.size()) == size)
        made.push_back(value::list(std::exchange(row, {})));
      row.push_back(item);
    }
    if (is_given(bound[1]) && !row.empty() && static_cast<std::int64_t>(row.size()) < size) {
      work.spend(static_cast<std::size_t>(size));
      row.resize(static_cast<std::size_t>(size), *bound[1]);
    }
    if (!row.empty())
      made.push_back(value::list(std::move(row)));
  });
}

value slice(run& work, const value& what, const arguments& given) {
  const auto bound = bind("slice", given, {"slices", "fill_with?"});
  return generated([&](std::vector<value>& made) {
    const auto items = elements(work, what);
    const auto count = integer_or(bound[0], 0);
    if (count == 0)
      throw fault("division by zero: slice into 0 parts");
    const auto parts = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
    work.spend(parts);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < parts; ++i) {
      const std::size_t extra = items.size() % parts;
      const std::size_t size = items.size() / parts + (i < extra ? 1 : 0);
      const auto from = items.begin() + static_cast<std::ptrdiff_t>(begin);
      std::vector<value> part(from, from + static_cast<std::ptrdiff_t>(size));
      begin += size;
      if (is_given(bound[1]) && i >= extra)
        part.push_back(*bound[1]);
      made.push_back(value::list(std::move(part)));
    }
  });
}

value groupby(run& work, const value& what, const arguments& given) {
  const auto bound = bind("groupby", given, {"attribute", "default?", "case_sensitive?"});
  const element_key key(bound[0], !is_true(bound[2]), bound[1]);
  const element_key plain(bound[0], false, bound[1]);
  std::vector<std::pair<value, value>> keyed;
  for (const value& item : elements(work, what))
    keyed.emplace_back(key.of(work, item), item);
  work.spend(keyed.size() * 16);
  sort_by(keyed, false);
  std::vector<value> groups;
  for (std::size_t begin = 0; begin < keyed.size();) {
    std::vector<value> members;
    std::size_t end = begin;
    while (end < keyed.size() && equal(keyed[end].first, keyed[begin].first))
      members.push_back(keyed[end++].second);
    auto name = plain.of(work, members.front());
    groups.emplace_back(sequence{.kind = sequence_kind::tuple,
                                 .items = {std::move(name), value::list(std::move(members))},
                                 .names = {"grouper", "list"}});
    begin = std::max(end, begin + 1);
  }
  return value::list(std::move(groups));
}

value attribute(run& work, const value& what, const arguments& given) {
  const auto bound = bind("attr", given, {"name"});
  const auto& name = text_of(*bound[0]).text();
  if (what.is_undefined())
    return attribute_of(work, what, name);
  const auto found = find_member(what, name);
  return found ? *found : value::missing("'" + what.type_name() + " object' has no attribute '" + name + "'");
}

constexpr auto filters_on_lists = std::to_array<named_method>({
    {"length", length_of},  {"count", length_of}, {"default", default_of}, {"d", default_of},      {"first", first},
    {"last", last},         {"list", list_of},    {"join", join},          {"reverse", reverse},   {"sort", sort},
    {"dictsort", dictsort}, {"items", items_of},  {"min", extreme<false>}, {"max", extreme<true>}, {"sum", sum},
    {"unique", unique},     {"batch", batch},     {"slice", slice},        {"groupby", groupby},   {"attr", attribute},
});

} // namespace

std::span<const named_method> list_filters() { return filters_on_lists; }

} // namespace avp::jinja
