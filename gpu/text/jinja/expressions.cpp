// Evaluates the expressions of a template.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gpu/text/jinja/compare.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/filters.hpp"
#include "gpu/text/jinja/interpreter.hpp"
#include "gpu/text/jinja/iterate.hpp"
#include "gpu/text/jinja/lookup.hpp"
#include "gpu/text/jinja/operators.hpp"
#include "gpu/text/jinja/show.hpp"
#include "gpu/text/jinja/tests.hpp"

namespace avp::jinja {

value interpreter::evaluate(const expression& what, const scope_ptr& names) {
  const nested level(work_);
  work_.spend();
  work_.at = what.at;
  return evaluate_kind(what, names);
}

value interpreter::evaluate_kind(const expression& what, const scope_ptr& names) {
  const auto part = [&](std::size_t i) { return evaluate(*what.parts[i], names); };
  switch (what.kind) {
  case expression_kind::constant:
    return what.constant;
  case expression_kind::name:
    return name_of(what, names);
  case expression_kind::list:
  case expression_kind::tuple:
    return list_of(what, names);
  case expression_kind::map:
    return map_of(what, names);
  case expression_kind::negative:
  case expression_kind::positive: {
    const value operand = part(0);
    work_.at = what.at;
    return negated(operand, what.kind == expression_kind::positive);
  }
  case expression_kind::logical_not:
    return !part(0).truth();
  case expression_kind::logical_and:
  case expression_kind::logical_or: {
    value left = part(0);
    return left.truth() == (what.kind == expression_kind::logical_or) ? left : part(1);
  }
  case expression_kind::binary:
    return binary(what, names);
  case expression_kind::concatenation:
    return concatenation(what, names);
  case expression_kind::comparison:
    return comparison(what, names);
  case expression_kind::conditional:
    return conditional(what, names);
  case expression_kind::attribute: {
    const value of = part(0);
    work_.at = what.at;
    return attribute_of(work_, of, what.name);
  }
  case expression_kind::subscript:
    return subscript(what, names);
  case expression_kind::call:
    return call(what, names);
  case expression_kind::filter:
    return filter(what, names, nullptr);
  case expression_kind::test:
    return test(what, names);
  default:
    throw fault("a slice stands where a value was expected");
  }
}

value interpreter::name_of(const expression& what, const scope_ptr& names) {
  if (const value* found = names->find(what.name))
    return *found;
  if (const auto found = given_.find(what.name); found != given_.end())
    return found->second;
  value function = global_function(what.name);
  return function.is_undefined() ? value::missing("'" + what.name + "' is undefined") : function;
}

value interpreter::list_of(const expression& what, const scope_ptr& names) {
  std::vector<value> items;
  items.reserve(what.parts.size());
  for (const auto& part : what.parts)
    items.push_back(evaluate(*part, names));
  return what.kind == expression_kind::list ? value::list(std::move(items)) : value::tuple(std::move(items));
}

value interpreter::map_of(const expression& what, const scope_ptr& names) {
  mapping entries;
  for (std::size_t i = 0; i + 1 < what.parts.size(); i += 2) {
    const value key = evaluate(*what.parts[i], names);
    value held = evaluate(*what.parts[i + 1], names);
    work_.at = what.parts[i]->at;
    entries.put(key, std::move(held));
  }
  return entries;
}

value interpreter::binary(const expression& what, const scope_ptr& names) {
  const value left = evaluate(*what.parts[0], names);
  const value right = evaluate(*what.parts[1], names);
  work_.at = what.at;
  return apply(work_, what.name, left, right);
}

value interpreter::concatenation(const expression& what, const scope_ptr& names) {
  marked_text made;
  for (const auto& part : what.parts)
    made += shown(work_, evaluate(*part, names));
  return work_.text(std::move(made));
}

namespace {

bool holds(const std::string& sign, const value& left, const value& right) {
  if (sign == "==" || sign == "!=")
    return equal(left, right) == (sign == "==");
  if (sign == "in" || sign == "not in")
    return contains(right, left) == (sign == "in");
  const auto order = compare(left, right, sign.c_str());
  return sign == "<" ? order < 0 : sign == "<=" ? order <= 0 : sign == ">" ? order > 0 : order >= 0;
}

} // namespace

value interpreter::comparison(const expression& what, const scope_ptr& names) {
  value left = evaluate(*what.parts[0], names);
  for (std::size_t i = 0; i < what.signs.size(); ++i) {
    value right = evaluate(*what.parts[i + 1], names);
    work_.at = what.at;
    work_.spend((left.text() ? left.text()->text().size() : 0) / 64);
    if (!holds(what.signs[i], left, right))
      return false;
    left = std::move(right);
  }
  return true;
}

value interpreter::conditional(const expression& what, const scope_ptr& names) {
  if (evaluate(*what.parts[0], names).truth())
    return evaluate(*what.parts[1], names);
  return what.parts.size() > 2 ? evaluate(*what.parts[2], names)
                               : value::missing("the condition of an inline \"if\" without \"else\" is false");
}

value interpreter::subscript(const expression& what, const scope_ptr& names) {
  const value of = evaluate(*what.parts[0], names);
  const expression& which = *what.parts[1];
  if (which.kind != expression_kind::slice) {
    const value key = evaluate(which, names);
    work_.at = what.at;
    return element_of(work_, of, key);
  }
  value bounds[3];
  for (std::size_t i = 0; i < 3; ++i)
    bounds[i] = which.parts[i] ? evaluate(*which.parts[i], names) : value(nullptr);
  work_.at = what.at;
  return slice_of(work_, of, bounds[0], bounds[1], bounds[2]);
}

arguments interpreter::arguments_of(const call_arguments& given, const scope_ptr& names, const value* caller) {
  arguments made;
  for (const auto& argument : given.positional)
    made.positional.push_back(evaluate(*argument, names));
  for (const auto& [name, argument] : given.keywords)
    made.keywords.emplace_back(name, evaluate(*argument, names));
  if (caller)
    made.keywords.emplace_back("caller", *caller);
  if (given.more_positional)
    for (value& argument : elements(work_, evaluate(*given.more_positional, names)))
      made.positional.push_back(std::move(argument));
  if (given.more_keywords) {
    const value more = evaluate(*given.more_keywords, names);
    if (!more.entries())
      throw fault("\"**\" needs a map, but a " + more.type_name() + " came");
    for (const auto& [name, argument] : more.entries()->entries()) {
      if (!name.text())
        throw fault("the keys of the map behind \"**\" must be strings");
      if (made.keyword(name.text()->text()))
        throw fault("the argument \"" + name.text()->text() + "\" is given twice");
      made.keywords.emplace_back(name.text()->text(), argument);
    }
  }
  return made;
}

value interpreter::call(const expression& what, const scope_ptr& names, const value* caller) {
  const value called = evaluate(*what.parts[0], names);
  arguments given = arguments_of(what.given, names, caller);
  work_.at = what.at;
  if (called.is_undefined())
    throw fault(called.reason());
  const auto made = called.made();
  if (!made)
    throw fault("a " + called.type_name() + " can't be called");
  return made->call(work_, std::move(given));
}

value interpreter::filter(const expression& what, const scope_ptr& names, const value* input) {
  // A chain of filters begins with what is filtered; of a block that is not written there.
  const value of = !what.parts[0] ? *input
                   : input        ? filter(*what.parts[0], names, input)
                                  : evaluate(*what.parts[0], names);
  const arguments given = arguments_of(what.given, names);
  work_.at = what.at;
  const auto body = find_filter(what.name);
  if (!body)
    throw fault("there is no filter \"" + what.name + "\"");
  return body(work_, of, given);
}

value interpreter::test(const expression& what, const scope_ptr& names) {
  const value of = evaluate(*what.parts[0], names);
  const arguments given = arguments_of(what.given, names);
  work_.at = what.at;
  const auto body = find_test(what.name);
  if (!body)
    throw fault("there is no test \"" + what.name + "\"");
  return body(work_, of, given).truth();
}

} // namespace avp::jinja
