// Reads the statements of a template.
#include "gpu/text/jinja/parser.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "gpu/text/jinja/expression_parser.hpp"
#include "gpu/text/jinja/lexer.hpp"
#include "gpu/text/jinja/token_stream.hpp"

namespace avp::jinja {

namespace {

using end_names = std::initializer_list<std::string_view>;

class statement_parser {
public:
  explicit statement_parser(std::string_view source) : tokens_(read_tokens(source)), expressions_(tokens_) {}

  statements read() {
    auto all = statements_of({});
    expressions_.insist(0);
    return all;
  }

private:
  /// What stands up to one of the tags `ends`, whose name is next then; or up to the end of the template.
  statements statements_of(end_names ends);

  /// The body behind the end of a tag; the name of the tag that ends it is read.
  statements body_of(end_names ends, place began, std::string& ended_by);
  statements body_of(std::string_view end, place began) {
    std::string ended_by;
    return body_of({end}, began, ended_by);
  }

  /// The same for a body that has names of its own.
  template <class... Arguments>
  statements own_body_of(Arguments&&... given) {
    const std::size_t before = expressions_.unknown();
    auto body = body_of(std::forward<Arguments>(given)...);
    expressions_.insist(before);
    return body;
  }

  statement statement_of();
  statement branch_of(place at);
  statement loop_of(place at);
  statement assignment_of(place at);
  statement with_of(place at);
  statement macro_of(place at);
  statement call_of(place at);
  statement filter_of(place at);
  statement print_of(place at);
  void signature_of(parameters& takes);
  statements macro_body_of(std::string_view end, place at, parameters& takes);
  void refuse_loop_target(const expression& target) const;

  token_stream tokens_;
  expression_parser expressions_;
  std::size_t loops_ = 0;     // around the statement, within its macro
  std::size_t all_loops_ = 0; // around the statement
};

statements statement_parser::statements_of(end_names ends) {
  statements all;
  while (tokens_.current().type != token_type::end) {
    const token read = tokens_.next();
    if (read.type == token_type::text) {
      all.push_back({.kind = statement_kind::text, .at = read.at, .text = read.text});
    } else if (read.type == token_type::variable_begin) {
      statement print{.kind = statement_kind::print, .at = read.at};
      print.values.push_back(expressions_.tuple_of());
      tokens_.expect(token_type::variable_end);
      all.push_back(std::move(print));
    } else {
      const token& tag = tokens_.current();
      if (tag.type == token_type::name && std::ranges::find(ends, tag.text) != ends.end())
        break;
      all.push_back(statement_of());
      tokens_.expect(token_type::block_end);
    }
  }
  return all;
}

statements statement_parser::body_of(end_names ends, place began, std::string& ended_by) {
  tokens_.skip_sign(":");
  tokens_.expect(token_type::block_end);
  expressions_.enter();
  auto body = statements_of(ends);
  expressions_.leave();
  if (tokens_.current().type == token_type::end)
    throw error(began, "this block never ends: \"{% " + std::string(*(ends.end() - 1)) + " %}\" is missing");
  ended_by = tokens_.next().text;
  return body;
}

statement statement_parser::statement_of() {
  const token tag = tokens_.expect(token_type::name);
  const std::string& name = tag.text;
  if (name == "if")
    return branch_of(tag.at);
  if (name == "for")
    return loop_of(tag.at);
  if (name == "set")
    return assignment_of(tag.at);
  if (name == "with")
    return with_of(tag.at);
  if (name == "macro")
    return macro_of(tag.at);
  if (name == "call")
    return call_of(tag.at);
  if (name == "filter")
    return filter_of(tag.at);
  if (name == "print")
    return print_of(tag.at);
  if (name == "generation") { // where transformers notes what an assistant says; to jinja2 it is a call block
    statement scope{.kind = statement_kind::scope, .at = tag.at};
    const std::size_t loops = std::exchange(loops_, 0);
    scope.bodies.push_back(own_body_of("endgeneration", tag.at));
    loops_ = loops;
    return scope;
  }
  if (name == "break" || name == "continue") {
    if (loops_ == 0)
      throw error(tag.at, "\"" + name + "\" stands outside of a loop");
    return {.kind = name == "break" ? statement_kind::loop_break : statement_kind::loop_continue, .at = tag.at};
  }
  constexpr std::string_view refused[] = {"include", "import", "from", "extends", "block", "autoescape"};
  if (std::ranges::find(refused, name) != std::end(refused))
    throw error(tag.at, "\"" + name + "\" is not allowed in a chat template, which is one text");
  throw error(tag.at, "there is no tag \"" + name + "\" here");
}

statement statement_parser::branch_of(place at) {
  statement branch{.kind = statement_kind::branch, .at = at};
  const std::size_t before = expressions_.unknown();
  std::string ended_by = "elif";
  while (ended_by == "elif") {
    branch.values.push_back(expressions_.tuple_of(false));
    branch.bodies.push_back(body_of({"elif", "else", "endif"}, at, ended_by));
  }
  if (ended_by == "else")
    branch.bodies.push_back(body_of("endif", at));
  expressions_.forgive(before);
  return branch;
}

void statement_parser::refuse_loop_target(const expression& target) const {
  if (target.kind == expression_kind::name && target.name == "loop" && all_loops_ > 0)
    throw error(target.at, "\"loop\" can't be assigned to inside of a loop");
  for (const auto& part : target.parts)
    refuse_loop_target(*part);
}

statement statement_parser::loop_of(place at) {
  statement loop{.kind = statement_kind::loop, .at = at};
  ++all_loops_;
  loop.target = expressions_.target_of("in");
  refuse_loop_target(*loop.target);
  tokens_.expect_name("in");
  loop.values.push_back(expressions_.tuple_of(false, "recursive"));
  if (tokens_.skip_name("if"))
    loop.values.push_back(expressions_.expression_of());
  loop.recursive = tokens_.skip_name("recursive");
  std::string ended_by;
  ++loops_;
  loop.bodies.push_back(own_body_of(end_names{"else", "endfor"}, at, ended_by));
  --loops_;
  if (ended_by == "else")
    loop.bodies.push_back(own_body_of("endfor", at));
  --all_loops_;
  return loop;
}

statement statement_parser::assignment_of(place at) {
  statement assign{.kind = statement_kind::assign, .at = at};
  assign.target = expressions_.target_of({}, true);
  refuse_loop_target(*assign.target);
  if (tokens_.skip_sign("=")) {
    assign.values.push_back(expressions_.tuple_of());
    return assign;
  }
  assign.kind = statement_kind::capture;
  const std::size_t before = expressions_.unknown();
  if (auto filters = expressions_.filters_of(nullptr))
    assign.values.push_back(std::move(filters));
  expressions_.insist(before);
  assign.bodies.push_back(own_body_of("endset", at));
  return assign;
}

statement statement_parser::with_of(place at) {
  statement with{.kind = statement_kind::with, .at = at};
  while (tokens_.current().type != token_type::block_end) {
    if (!with.targets.empty())
      tokens_.expect_sign(",");
    with.targets.push_back(expressions_.target_of());
    tokens_.expect_sign("=");
    with.values.push_back(expressions_.expression_of());
  }
  with.bodies.push_back(own_body_of("endwith", at));
  return with;
}

void statement_parser::signature_of(parameters& takes) {
  tokens_.expect_sign("(");
  while (!tokens_.current().is_sign(")")) {
    if (!takes.names.empty())
      tokens_.expect_sign(",");
    const token name = tokens_.expect(token_type::name);
    if (std::ranges::find(takes.names, name.text) != takes.names.end())
      throw error(name.at, "the parameter \"" + name.text + "\" is there twice");
    takes.names.push_back(name.text);
    expressions_.note_assigned(name.text);
    if (tokens_.skip_sign("="))
      takes.defaults.push_back(expressions_.expression_of());
    else if (!takes.defaults.empty())
      throw error(name.at, "a parameter without a default stands behind one that has a default");
  }
  tokens_.next();
}

statements statement_parser::macro_body_of(std::string_view end, place at, parameters& takes) {
  expressions_.begin_macro(takes);
  const std::size_t loops = std::exchange(loops_, 0);
  auto body = own_body_of(end, at);
  loops_ = loops;
  expressions_.end_macro();
  for (std::size_t i = 0; i < takes.names.size(); ++i) {
    takes.takes_keywords = takes.takes_keywords && takes.names[i] != "kwargs";
    takes.takes_more = takes.takes_more && takes.names[i] != "varargs";
    if (takes.names[i] == "caller" && takes.takes_caller && i + takes.defaults.size() < takes.names.size())
      throw error(at, "the parameter \"caller\" must have a default, or not be there");
  }
  return body;
}

statement statement_parser::macro_of(place at) {
  statement macro{.kind = statement_kind::macro, .at = at};
  macro.name = tokens_.expect(token_type::name).text;
  signature_of(macro.takes);
  macro.bodies.push_back(macro_body_of("endmacro", at, macro.takes));
  return macro;
}

statement statement_parser::call_of(place at) {
  statement call{.kind = statement_kind::call, .at = at};
  if (tokens_.current().is_sign("("))
    signature_of(call.takes);
  call.values.push_back(expressions_.expression_of());
  if (call.values.front()->kind != expression_kind::call)
    throw error(call.values.front()->at, "a call was expected, as in \"{% call name() %}\"");
  call.bodies.push_back(macro_body_of("endcall", at, call.takes));
  return call;
}

statement statement_parser::filter_of(place at) {
  statement filter{.kind = statement_kind::filter, .at = at};
  const std::size_t before = expressions_.unknown();
  filter.values.push_back(expressions_.filters_of(nullptr, true));
  expressions_.insist(before);
  filter.bodies.push_back(own_body_of("endfilter", at));
  return filter;
}

statement statement_parser::print_of(place at) {
  statement print{.kind = statement_kind::print, .at = at};
  while (tokens_.current().type != token_type::block_end) {
    if (!print.values.empty())
      tokens_.expect_sign(",");
    print.values.push_back(expressions_.expression_of());
  }
  return print;
}

} // namespace

statements parse(std::string_view source) { return statement_parser(source).read(); }

} // namespace avp::jinja
