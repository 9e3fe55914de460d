// Attributes and elements of values.
#include "gpu/text/jinja/lookup.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/methods.hpp"
#include "gpu/text/jinja/object.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

namespace {

value no_attribute(const value& of, std::string_view name) {
  const std::string owner = of.is_none() ? "None" : of.type_name() + " object";
  return value::missing("'" + owner + "' has no attribute '" + std::string(name) + "'");
}

bool can_be_key(const value& key) {
  if (key.entries())
    return false;
  if (!key.items())
    return true;
  const auto kind = key.items()->kind;
  if (kind == sequence_kind::tuple)
    return std::ranges::all_of(key.items()->items, can_be_key);
  return kind == sequence_kind::range || kind == sequence_kind::generator || kind == sequence_kind::values;
}

/// An index from the front or, negative, from the end; nothing where it is out of range.
std::optional<std::size_t> place_of(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < -count || index >= count)
    return std::nullopt;
  return static_cast<std::size_t>(index < 0 ? index + count : index);
}

bool has_indices(const value& of) {
  return of.text() ||
         (of.items() && (of.items()->kind == sequence_kind::list || of.items()->kind == sequence_kind::tuple ||
                         of.items()->kind == sequence_kind::range));
}

std::optional<value> item_of(const value& of, const value& which) {
  if (const auto* entries = of.entries()) {
    const value* found = can_be_key(which) ? entries->find(which) : nullptr;
    return found ? std::optional(*found) : std::nullopt;
  }
  if (!has_indices(of) || !which.is_number() || which.is_float())
    return std::nullopt;
  if (const auto* items = of.items()) {
    const auto place = place_of(which.integer(), items->items.size());
    return place ? std::optional(items->items[*place]) : std::nullopt;
  }
  const auto starts = character_starts(of.text()->text());
  const auto place = place_of(which.integer(), starts.size() - 1);
  if (!place)
    return std::nullopt;
  return value(of.text()->substr(starts[*place], starts[*place + 1] - starts[*place]));
}

/// Where a slice begins, ends and how it goes on, clamped as Python does it.
struct slice_bounds {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t step;
};

slice_bounds bounds_of(std::size_t length, const value& from, const value& to, std::int64_t step) {
  const auto size = static_cast<std::int64_t>(length);
  const auto clamped = [&](const value& bound, std::int64_t otherwise) {
    if (bound.is_none())
      return otherwise;
    std::int64_t at = bound.integer();
    if (at < 0)
      at = at < -size ? -1 : at + size;
    return step > 0 ? std::clamp<std::int64_t>(at, 0, size) : std::clamp<std::int64_t>(at, -1, size - 1);
  };
  return {clamped(from, step > 0 ? 0 : size - 1), clamped(to, step > 0 ? size : -1), step};
}

std::vector<std::size_t> places_of(const slice_bounds& bounds) {
  std::vector<std::size_t> places;
  for (std::int64_t at = bounds.begin; bounds.step > 0 ? at < bounds.end : at > bounds.end;) {
    places.push_back(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, bounds.step, &at))
      break;
  }
  return places;
}

/// A part of a range is a range.
value range_part(const sequence& whole, std::vector<value> items, const slice_bounds& part) {
  sequence made{.kind = sequence_kind::range, .items = std::move(items)};
  const auto [start, stop, step] = whole.bounds;
  if (__builtin_mul_overflow(step, part.step, &made.bounds[2]))
    throw fault("the step of a slice is too large");
  made.bounds[0] = start + part.begin * step; // of at most 100000 elements: no further than one of them
  made.bounds[1] = start + part.end * step;
  return made;
}

} // namespace

std::optional<value> find_member(const value& of, std::string_view name) {
  if (const auto made = of.made())
    return made->attribute(name);
  if (const auto* items = of.items(); items && items->kind == sequence_kind::tuple)
    if (const auto at = std::ranges::find(items->names, name); at != items->names.end())
      return items->items[static_cast<std::size_t>(at - items->names.begin())];
  return find_method(of, name);
}

value attribute_of(run& work, const value& of, std::string_view name) {
  work.spend();
  if (of.is_undefined())
    throw fault(of.reason());
  if (auto member = find_member(of, name))
    return *std::move(member);
  if (auto item = item_of(of, value::trusted(std::string(name))))
    return *std::move(item);
  return no_attribute(of, name);
}

value element_of(run& work, const value& of, const value& which) {
  work.spend(1 + (of.text() ? of.text()->text().size() / 16 : 0));
  if (of.is_undefined())
    throw fault(of.reason());
  if (auto item = item_of(of, which))
    return *std::move(item);
  if (const auto* name = which.text()) {
    if (auto member = find_member(of, name->text()))
      return *std::move(member);
    return no_attribute(of, name->text());
  }
  return value::missing(of.type_name() + " object has no element " + quoted(work, which).text());
}

value slice_of(run& work, const value& of, const value& from, const value& to, const value& step) {
  if (of.is_undefined())
    throw fault(of.reason());
  const auto is_bound = [](const value& bound) { return bound.is_none() || (bound.is_number() && !bound.is_float()); };
  if (!has_indices(of))
    throw fault("a " + of.type_name() + " can't be sliced");
  if (!is_bound(from) || !is_bound(to) || !is_bound(step))
    throw fault("the bounds of a slice are integers, or left out");
  const std::int64_t stride = step.is_none() ? 1 : step.integer();
  if (stride == 0)
    throw fault("the step of a slice is 0");
  if (const auto* text = of.text()) {
    work.spend(1 + text->text().size() / 16);
    const auto starts = character_starts(text->text());
    const auto places = places_of(bounds_of(starts.size() - 1, from, to, stride));
    if (stride == 1)
      return places.empty()
                 ? value(nothing_of(*text))
                 : value(text->substr(starts[places.front()], starts[places.back() + 1] - starts[places.front()]));
    work.spend(places.size());
    marked_text made;
    for (const std::size_t at : places)
      made += text->substr(starts[at], starts[at + 1] - starts[at]);
    return work.text(std::move(made));
  }
  const auto& items = of.items()->items;
  const auto bounds = bounds_of(items.size(), from, to, stride);
  const auto places = places_of(bounds);
  work.spend(1 + places.size());
  std::vector<value> made;
  for (const std::size_t at : places)
    made.push_back(items[at]);
  if (of.items()->kind == sequence_kind::range)
    return range_part(*of.items(), std::move(made), bounds);
  return of.items()->kind == sequence_kind::tuple ? value::tuple(std::move(made)) : value::list(std::move(made));
}

} // namespace avp::jinja
