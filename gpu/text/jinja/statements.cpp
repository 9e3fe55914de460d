// Executes the statements of a template.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/interpreter.hpp"
#include "gpu/text/jinja/iterate.hpp"
#include "gpu/text/jinja/loop_object.hpp"
#include "gpu/text/jinja/namespace_object.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

flow interpreter::execute(const statements& body, const scope_ptr& names, marked_text& to) {
  const nested level(work_);
  for (const statement& one : body)
    if (const flow ended = execute(one, names, to); ended != flow::next)
      return ended;
  return flow::next;
}

flow interpreter::execute(const statement& what, const scope_ptr& names, marked_text& to) {
  work_.spend();
  work_.at = what.at;
  switch (what.kind) {
  case statement_kind::text:
    to += marked_text::trusted(what.text);
    work_.spend_text(what.text.size());
    work_.check_text(to.text().size());
    return flow::next;
  case statement_kind::print:
    for (const auto& part : what.values)
      print(evaluate(*part, names), to);
    return flow::next;
  case statement_kind::branch:
    return branch(what, names, to);
  case statement_kind::loop: {
    const value items = evaluate(*what.values[0], names);
    return what.recursive ? (loop(what, items, names, 0, to), flow::next) : run_loop(what, items, names, 0, to);
  }
  case statement_kind::assign:
    assign(*what.target, evaluate(*what.values[0], names), names);
    return flow::next;
  case statement_kind::capture:
    return capture(what, names);
  case statement_kind::macro:
    names->set(what.name, macro_value(what, names));
    return flow::next;
  case statement_kind::call:
    call_block(what, names, to);
    return flow::next;
  case statement_kind::filter:
    return filter_block(what, names, to);
  case statement_kind::with:
    return with(what, names, to);
  case statement_kind::scope:
    return body_in(what, std::make_shared<scope>(names), to);
  default:
    return what.kind == statement_kind::loop_break ? flow::loop_break : flow::loop_continue;
  }
}

void interpreter::print(const value& what, marked_text& to) {
  const marked_text text = shown(work_, what);
  to += text;
  work_.spend_text(text.text().size());
  work_.check_text(to.text().size());
}

flow interpreter::body_in(const statement& what, const scope_ptr& names, marked_text& to) {
  return execute(what.bodies[0], names, to);
}

flow interpreter::branch(const statement& what, const scope_ptr& names, marked_text& to) {
  for (std::size_t i = 0; i < what.bodies.size(); ++i)
    if (i >= what.values.size() || evaluate(*what.values[i], names).truth())
      return execute(what.bodies[i], names, to);
  return flow::next;
}

flow interpreter::with(const statement& what, const scope_ptr& names, marked_text& to) {
  const auto inner = std::make_shared<scope>(names);
  for (std::size_t i = 0; i < what.targets.size(); ++i)
    assign(*what.targets[i], evaluate(*what.values[i], names), inner);
  return body_in(what, inner, to);
}

flow interpreter::filter_block(const statement& what, const scope_ptr& names, marked_text& to) {
  const auto inner = std::make_shared<scope>(names);
  marked_text body;
  if (const flow ended = body_in(what, inner, body); ended != flow::next)
    return ended;
  const value text = std::move(body);
  print(filter(*what.values[0], inner, &text), to);
  return flow::next;
}

flow interpreter::capture(const statement& what, const scope_ptr& names) {
  const auto inner = std::make_shared<scope>(names);
  marked_text body;
  if (const flow ended = body_in(what, inner, body); ended != flow::next)
    return ended;
  const value text = std::move(body);
  assign(*what.target, what.values.empty() ? text : filter(*what.values[0], inner, &text), names);
  return flow::next;
}

void interpreter::assign(const expression& target, const value& held, const scope_ptr& names) {
  if (target.kind == expression_kind::name) {
    names->set(target.name, held);
  } else if (target.kind == expression_kind::tuple) {
    const auto parts = elements(work_, held);
    work_.at = target.at;
    if (parts.size() != target.parts.size())
      throw fault(std::to_string(target.parts.size()) + " values were expected, but " + std::to_string(parts.size()) +
                  " came");
    for (std::size_t i = 0; i < parts.size(); ++i)
      assign(*target.parts[i], parts[i], names);
  } else {
    const value* found = names->find(target.name);
    const auto space = found ? std::dynamic_pointer_cast<namespace_object>(found->made()) : nullptr;
    work_.at = target.at;
    if (!space)
      throw fault("only an attribute of a namespace can be assigned to, and \"" + target.name + "\" is none");
    space->set(target.signs.front(), held);
  }
}

flow interpreter::run_loop(const statement& what, const value& items, const scope_ptr& names, std::int64_t depth,
                           marked_text& to) {
  work_.at = what.values[0]->at;
  std::vector<value> all = elements(work_, items);
  if (what.values.size() > 1)
    std::erase_if(all, [&](const value& item) {
      const auto inner = std::make_shared<scope>(names);
      assign(*what.target, item, inner);
      return !evaluate(*what.values[1], inner).truth();
    });
  loop_object::recursion again;
  if (what.recursive)
    again = [this, &what, names](const value& more, std::int64_t deeper) {
      marked_text made;
      loop(what, more, names, deeper, made);
      return work_.text(std::move(made));
    };
  const auto state = std::make_shared<loop_object>(std::move(all), depth, std::move(again));
  work_.spend(10);
  if (what.recursive) // it holds the names around it, which may hold it
    work_.keep(state);
  bool is_done = false; // once to its end, even if by "continue": "else" is for loops without that
  for (std::size_t i = 0; i < state->items().size(); ++i) {
    state->go_to(i);
    const auto inner = std::make_shared<scope>(names);
    inner->set("loop", value(std::static_pointer_cast<object>(state)));
    assign(*what.target, state->items()[i], inner);
    const flow ended = execute(what.bodies[0], inner, to);
    if (ended == flow::loop_break)
      break;
    is_done |= ended == flow::next;
  }
  if (!is_done && what.bodies.size() > 1)
    return execute(what.bodies[1], std::make_shared<scope>(names), to);
  return flow::next;
}

void interpreter::loop(const statement& what, const value& items, const scope_ptr& names, std::int64_t depth,
                       marked_text& to) {
  const nested level(work_);
  (void)run_loop(what, items, names, depth, to);
}

} // namespace avp::jinja
