// Macros of a template, and call blocks.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/interpreter.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

namespace {

/// A macro, with the names that are around it.
class macro_object final : public object {
public:
  macro_object(interpreter& by, const statement& what, scope_ptr around)
      : by_(by),
        what_(what),
        around_(std::move(around)) {}

  [[nodiscard]] std::string type_name() const override { return "Macro"; }
  [[nodiscard]] marked_text shown(run&) const override {
    return marked_text::trusted(what_.name.empty() ? "<Macro anonymous>" : "<Macro '" + what_.name + "'>");
  }
  [[nodiscard]] bool callable() const override { return true; }
  value call(run&, arguments given) override { return by_.call_macro(what_, around_, std::move(given)); }

  [[nodiscard]] std::optional<value> attribute(std::string_view name) override {
    if (name == "name")
      return what_.name.empty() ? value(nullptr) : value::trusted(what_.name);
    if (name == "catch_kwargs")
      return value(what_.takes.takes_keywords);
    if (name == "catch_varargs")
      return value(what_.takes.takes_more);
    if (name == "caller")
      return value(what_.takes.takes_caller);
    if (name != "arguments")
      return std::nullopt;
    std::vector<value> names;
    for (const auto& one : what_.takes.names)
      names.push_back(value::trusted(one));
    return value::tuple(std::move(names));
  }

private:
  interpreter& by_;
  const statement& what_;
  scope_ptr around_;
};

/// Moves the argument `name` out of what was given by names to `to`, if it is there.
bool take(arguments& given, std::string_view name, value& to) {
  const auto at = std::ranges::find(given.keywords, name, &std::pair<std::string, value>::first);
  if (at == given.keywords.end())
    return false;
  to = std::move(at->second);
  given.keywords.erase(at);
  return true;
}

} // namespace

value interpreter::macro_value(const statement& what, const scope_ptr& names) {
  work_.spend(10);
  work_.keep(names); // the names and the macro hold each other
  return std::shared_ptr<object>(std::make_shared<macro_object>(*this, what, names));
}

value interpreter::call_macro(const statement& macro, const scope_ptr& around, arguments given) {
  const nested level(work_);
  const parameters& takes = macro.takes;
  const auto names = std::make_shared<scope>(around);
  const std::string shown_name = macro.name.empty() ? "the body of a call block" : "the macro \"" + macro.name + "\"";
  bool caller_given = false;
  const std::size_t first_default = takes.names.size() - takes.defaults.size();
  for (std::size_t i = 0; i < takes.names.size(); ++i) {
    const std::string& name = takes.names[i];
    caller_given |= name == "caller";
    value by_name;
    if (i < given.positional.size())
      names->set(name, given.positional[i]);
    else if (take(given, name, by_name))
      names->set(name, std::move(by_name));
    else if (i < first_default)
      names->set(name, value::missing("parameter '" + name + "' was not provided"));
    else
      names->set(name, evaluate(*takes.defaults[i - first_default], names));
  }
  if (takes.takes_caller && !caller_given) {
    value caller;
    const bool is_there = take(given, "caller", caller) && !caller.is_none();
    names->set("caller", is_there ? std::move(caller) : value::missing("No caller defined"));
  }
  if (takes.takes_keywords) {
    mapping more;
    for (auto& [name, held] : given.keywords)
      more.put(value::trusted(name), std::move(held));
    names->set("kwargs", more);
  } else if (!given.keywords.empty()) {
    throw fault(shown_name + " has no parameter \"" + given.keywords.front().first + "\"");
  }
  if (takes.takes_more) {
    const auto count = std::min(given.positional.size(), takes.names.size());
    names->set("varargs",
               value::tuple({given.positional.begin() + static_cast<std::ptrdiff_t>(count), given.positional.end()}));
  } else if (given.positional.size() > takes.names.size()) {
    throw fault(shown_name + " takes at most " + std::to_string(takes.names.size()) + " arguments, but " +
                std::to_string(given.positional.size()) + " came");
  }
  marked_text made;
  (void)execute(macro.bodies[0], names, made);
  return work_.text(std::move(made));
}

void interpreter::call_block(const statement& what, const scope_ptr& names, marked_text& to) {
  const value caller = macro_value(what, names);
  print(call(*what.values[0], names, &caller), to);
}

} // namespace avp::jinja
