// Relations with a name on one side, put in order.
#include "runtime/mathematics/named_values.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "runtime/mathematics/comparer.hpp"

namespace avp::math {
namespace {

/// "x = 1" and "1 = x" with the name first, nothing else.
std::optional<formula> named_value(const formula& f) {
  if (f.kind != node::relation || f.name != "=")
    return {};
  for (const std::size_t name : {0U, 1U})
    if (f.parts[name].kind == node::symbol && is_name(f.parts[name]))
      return make(node::relation, "=", {f.parts[name], f.parts[1 - name]});
  return {};
}

} // namespace

std::optional<formula> as_point(const formula& list) {
  formula named = make(node::list, ",");
  for (const auto& part : list.parts)
    if (auto value = named_value(part))
      named.parts.push_back(*std::move(value));
    else
      return {};
  const auto name_of = [](const formula& part) -> const std::string& { return part.parts[0].name; };
  std::sort(named.parts.begin(), named.parts.end(),
            [&](const auto& x, const auto& y) { return name_of(x) < name_of(y); });
  auto point = make(node::tuple, "()");
  for (std::size_t i = 0; i < named.parts.size(); ++i) {
    if (i > 0 && name_of(named.parts[i]) == name_of(named.parts[i - 1]))
      return {};
    point.parts.push_back(std::move(named.parts[i].parts[1]));
  }
  return point;
}

bool is_named_list(const formula& f) { return f.kind == node::list && as_point(f).has_value(); }

std::optional<formula> by_coordinates(const formula& f) {
  if (f.kind != node::relation || f.name != "=" || f.parts[0].kind != node::tuple || f.parts[1].kind != node::tuple ||
      f.parts[0].parts.size() != f.parts[1].parts.size())
    return {};
  auto list = make(node::list, ",");
  for (std::size_t i = 0; i < f.parts[0].parts.size(); ++i)
    list.parts.push_back(make(node::relation, "=", {f.parts[0].parts[i], f.parts[1].parts[i]}));
  return as_point(list) ? std::optional(std::move(list)) : std::nullopt;
}

} // namespace avp::math
