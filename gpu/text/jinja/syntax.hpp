// What a template is made of once it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

struct expression;
using expression_ptr = std::unique_ptr<expression>;

/// What a call, filter or test is given.
struct call_arguments {
  std::vector<expression_ptr> positional;
  std::vector<std::pair<std::string, expression_ptr>> keywords;
  expression_ptr more_positional; ///< Behind a "*", or null.
  expression_ptr more_keywords;   ///< Behind a "**", or null.
};

/// What an expression is, and what its parts are.
enum class expression_kind : std::uint8_t {
  constant,
  name,
  list,
  tuple,
  map,                 ///< A key and its value by turns.
  negative,            ///< The operand.
  positive,            ///< The operand.
  logical_not,         ///< The operand.
  logical_and,         ///< Left, right.
  logical_or,          ///< Left, right.
  binary,              ///< Left, right; `name` is the sign.
  concatenation,       ///< Any number.
  comparison,          ///< One more than there are `signs`.
  conditional,         ///< Condition, then, and otherwise or nothing.
  attribute,           ///< Of what; `name` is the attribute.
  subscript,           ///< Of what, which.
  slice,               ///< From, to, step; null where it is left out.
  call,                ///< What is called.
  filter,              ///< What it is applied to; null at the beginning of a filter block.
  test,                ///< What is tested.
  namespace_attribute, ///< A target of "set" only: `name` is the namespace, `signs` has the attribute.
};

/// An expression.
struct expression {
  expression_kind kind = expression_kind::constant;
  place at;
  std::string name = {};
  std::vector<std::string> signs = {};
  value constant = {};
  std::vector<expression_ptr> parts = {};
  call_arguments given = {};
  std::size_t depth = 1; ///< How many expressions lie in one another.
};

struct statement;
using statements = std::vector<statement>;

/// What a statement does.
enum class statement_kind : std::uint8_t {
  text,    ///< `text` is printed.
  print,   ///< `values` are printed.
  branch,  ///< if: the body of the first of `values` that is true; one more body is for else.
  loop,    ///< for: `target` in `values[0]`, where `values[1]` is true if there is one; a second body is for else.
  assign,  ///< `target` = `values[0]`.
  capture, ///< The body's text, through the filters of `values[0]` if there are, is given to `target`.
  macro,   ///< `name` is defined.
  call,    ///< The body is the caller of the call `values[0]`.
  filter,  ///< The body's text is put through `values[0]`.
  with,    ///< The body, where `targets` have `values`.
  scope,   ///< The body, with names of its own.
  loop_break,
  loop_continue,
};

/// What a macro, or the body of a call block, takes.
struct parameters {
  std::vector<std::string> names;
  std::vector<expression_ptr> defaults; ///< Of the last ones.
  bool takes_caller = false;            ///< Whether its body speaks of "caller".
  bool takes_keywords = false;          ///< Whether its body speaks of "kwargs".
  bool takes_more = false;              ///< Whether its body speaks of "varargs".
};

/// A statement.
struct statement {
  statement_kind kind = statement_kind::text;
  place at;
  std::string text = {};
  std::string name = {};
  bool recursive = false;
  expression_ptr target = nullptr;
  std::vector<expression_ptr> targets = {};
  std::vector<expression_ptr> values = {};
  std::vector<statements> bodies = {};
  parameters takes = {};
};

} // namespace avp::jinja
