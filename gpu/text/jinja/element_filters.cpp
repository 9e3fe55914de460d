// Filters that choose elements, or change each of them, by another filter, a test or an attribute.
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/element_key.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/filters.hpp"
#include "gpu/text/jinja/iterate.hpp"
#include "gpu/text/jinja/tests.hpp"

namespace avp::jinja {

namespace {

arguments without_first(const arguments& given, std::size_t count) {
  arguments rest = given;
  rest.positional.erase(rest.positional.begin(), rest.positional.begin() + static_cast<std::ptrdiff_t>(count));
  return rest;
}

function_body known(function_body body, const std::string& what, const value& name) {
  if (!body)
    throw fault("there is no " + what + " \"" + (name.text() ? name.text()->text() : name.type_name()) + "\"");
  return body;
}

value map_elements(run& work, const value& what, const arguments& given) {
  return generated([&](std::vector<value>& made) {
    if (!what.truth())
      return;
    if (given.positional.empty() && given.keyword("attribute")) {
      const auto bound = bind("map", given, {"attribute", "default?"});
      const element_key key(bound[0], false, bound[1]);
      for (const value& item : elements(work, what))
        made.push_back(key.of(work, item));
      return;
    }
    if (given.positional.empty())
      throw fault("map needs the name of a filter, or attribute=");
    const value& name = given.positional.front();
    const auto rest = without_first(given, 1);
    for (const value& item : elements(work, what))
      made.push_back(known(name.text() ? find_filter(name.text()->text()) : nullptr, "filter", name)(work, item, rest));
  });
}

template <bool wanted, bool by_attribute>
value chosen(run& work, const value& what, const arguments& given) {
  return generated([&](std::vector<value>& made) {
    if (!what.truth())
      return;
    const std::size_t before = by_attribute ? 1 : 0;
    if (given.positional.size() < before)
      throw fault("selectattr and rejectattr need the name of an attribute");
    const element_key key(by_attribute ? &given.positional.front() : nullptr);
    const value* name = given.positional.size() > before ? &given.positional[before] : nullptr;
    const auto rest = name ? without_first(given, before + 1) : arguments();
    for (const value& item : elements(work, what)) {
      const value looked_at = key.of(work, item);
      const bool is_chosen =
          name ? known(name->text() ? find_test(name->text()->text()) : nullptr, "test", *name)(work, looked_at, rest)
                     .truth()
               : looked_at.truth();
      if (is_chosen == wanted)
        made.push_back(item);
    }
  });
}

constexpr auto filters_on_elements = std::to_array<named_method>({
    {"map", map_elements},
    {"select", chosen<true, false>},
    {"reject", chosen<false, false>},
    {"selectattr", chosen<true, true>},
    {"rejectattr", chosen<false, true>},
});

} // namespace

std::span<const named_method> element_filters() { return filters_on_elements; }

} // namespace avp::jinja
