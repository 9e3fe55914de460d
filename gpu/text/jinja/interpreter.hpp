// Executes what a template is made of.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "gpu/text/jinja/object.hpp"
#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/scope.hpp"
#include "gpu/text/jinja/syntax.hpp"

namespace avp::jinja {

/// Names that a template is given, and their values.
using variables = std::map<std::string, value, std::less<>>;

/// How a statement ended: whether a loop is to go on.
enum class flow : std::uint8_t { next, loop_break, loop_continue };

using scope_ptr = std::shared_ptr<scope>;

/// Executes statements and evaluates expressions, for one rendering. A fault leaves the place of what was being done in
/// the run.
class interpreter {
public:
  interpreter(run& work, const variables& given) : work_(work), given_(given) {}

  /// The value of an expression.
  value evaluate(const expression& what, const scope_ptr& names);

  /// Executes the statements one after another; what they print goes to the end of `to`.
  flow execute(const statements& body, const scope_ptr& names, marked_text& to);

  /// Calls a macro, or the body of a call block.
  value call_macro(const statement& macro, const scope_ptr& around, arguments given);

  /// Executes a loop over `items`, so many loops deep in itself.
  void loop(const statement& what, const value& items, const scope_ptr& names, std::int64_t depth, marked_text& to);

  [[nodiscard]] run& work() { return work_; }

private:
  value name_of(const expression& what, const scope_ptr& names);
  value list_of(const expression& what, const scope_ptr& names);
  value map_of(const expression& what, const scope_ptr& names);
  value comparison(const expression& what, const scope_ptr& names);
  value concatenation(const expression& what, const scope_ptr& names);
  value conditional(const expression& what, const scope_ptr& names);
  value binary(const expression& what, const scope_ptr& names);
  value subscript(const expression& what, const scope_ptr& names);
  value call(const expression& what, const scope_ptr& names, const value* caller = nullptr);
  value filter(const expression& what, const scope_ptr& names, const value* input);
  value test(const expression& what, const scope_ptr& names);
  value evaluate_kind(const expression& what, const scope_ptr& names);
  arguments arguments_of(const call_arguments& given, const scope_ptr& names, const value* caller = nullptr);

  flow execute(const statement& what, const scope_ptr& names, marked_text& to);
  flow branch(const statement& what, const scope_ptr& names, marked_text& to);
  flow body_in(const statement& what, const scope_ptr& names, marked_text& to);
  flow with(const statement& what, const scope_ptr& names, marked_text& to);
  flow filter_block(const statement& what, const scope_ptr& names, marked_text& to);
  flow capture(const statement& what, const scope_ptr& names);
  flow run_loop(const statement& what, const value& items, const scope_ptr& names, std::int64_t depth, marked_text& to);
  void call_block(const statement& what, const scope_ptr& names, marked_text& to);
  void print(const value& what, marked_text& to);
  void assign(const expression& target, const value& held, const scope_ptr& names);
  value macro_value(const statement& what, const scope_ptr& names);

  run& work_;
  const variables& given_;
};

} // namespace avp::jinja
