// Methods of strings, lists and maps.
#include "gpu/text/jinja/methods.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/compare.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/iterate.hpp"

namespace avp::jinja {

namespace {

value map_get(run&, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("get()", given, 1, 2);
  const value* found = self.entries()->find(*bound[0]);
  return found ? *found : bound[1] ? *bound[1] : value(nullptr);
}

value map_view(run& work, const value& self, const arguments& given, sequence_kind kind) {
  (void)bind_unnamed("a method of a map", given, 0, 0);
  work.spend(self.entries()->entries().size());
  std::vector<value> items;
  for (const auto& [key, held] : self.entries()->entries())
    items.push_back(kind == sequence_kind::keys     ? key
                    : kind == sequence_kind::values ? held
                                                    : value::tuple({key, held}));
  return sequence{kind, std::move(items)};
}

value map_keys(run& work, const value& self, const arguments& given) {
  return map_view(work, self, given, sequence_kind::keys);
}

value map_values(run& work, const value& self, const arguments& given) {
  return map_view(work, self, given, sequence_kind::values);
}

value map_items(run& work, const value& self, const arguments& given) {
  return map_view(work, self, given, sequence_kind::items);
}

value copy_of(run&, const value& self, const arguments& given) {
  (void)bind_unnamed("copy()", given, 0, 0);
  return self;
}

value list_count(run& work, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("count()", given, 1, 1);
  const auto& items = self.items()->items;
  work.spend(items.size());
  return static_cast<std::int64_t>(
      std::ranges::count_if(items, [&](const value& item) { return equal(item, *bound[0]); }));
}

value list_index(run& work, const value& self, const arguments& given) {
  const auto bound = bind_unnamed("index()", given, 1, 3);
  const auto& items = self.items()->items;
  const auto size = static_cast<std::int64_t>(items.size());
  const auto clamped = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); };
  const std::int64_t end = clamped(integer_or(bound[2], size));
  work.spend(items.size());
  for (std::int64_t at = clamped(integer_or(bound[1], 0)); at < end; ++at)
    if (equal(items[static_cast<std::size_t>(at)], *bound[0]))
      return at;
  throw fault("the value that index() looks for is not in the " + self.type_name());
}

constexpr auto map_methods = std::to_array<named_method>(
    {{"get", map_get}, {"keys", map_keys}, {"values", map_values}, {"items", map_items}, {"copy", copy_of}});
constexpr auto list_methods =
    std::to_array<named_method>({{"count", list_count}, {"index", list_index}, {"copy", copy_of}});
constexpr std::array<std::string_view, 5> map_changes{"clear", "pop", "popitem", "setdefault", "update"};
constexpr std::array<std::string_view, 8> list_changes{"append", "clear", "pop",    "reverse",
                                                       "insert", "sort",  "extend", "remove"};

function_body body_in(std::span<const named_method> methods, std::string_view name) {
  const auto found = std::ranges::find(methods, name, &named_method::name);
  return found == methods.end() ? nullptr : found->body;
}

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

} // namespace

std::optional<value> find_method(const value& of, std::string_view name) {
  function_body body = nullptr;
  bool changes = false;
  if (of.text()) {
    body = body_in(text_methods(), name);
    if (!body)
      body = body_in(search_methods(), name);
  } else if (of.entries()) {
    body = body_in(map_methods, name);
    changes = is_one_of(map_changes, name);
  } else if (of.items()) {
    const auto kind = of.items()->kind;
    if (kind == sequence_kind::list || kind == sequence_kind::tuple || kind == sequence_kind::range)
      body = kind == sequence_kind::list || name != "copy" ? body_in(list_methods, name) : nullptr;
    changes = kind == sequence_kind::list && is_one_of(list_changes, name);
  }
  if (changes)
    return value::missing("access to attribute '" + std::string(name) + "' of '" + of.type_name() +
                          "' object is unsafe: values of a template can't be changed");
  if (!body)
    return std::nullopt;
  return value(std::make_shared<function>(std::string(name), body, of));
}

} // namespace avp::jinja
