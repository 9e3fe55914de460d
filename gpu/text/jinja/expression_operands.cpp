// Reads what stands between the operators of expressions: names, literals, calls, filters and tests.
#include <algorithm>
#include <string>
#include <utility>

#include "gpu/text/jinja/expression_parser.hpp"
#include "gpu/text/jinja/filters.hpp"
#include "gpu/text/jinja/number_literal.hpp"
#include "gpu/text/jinja/tests.hpp"

namespace avp::jinja {

namespace {

bool ends_tuple(const token& next, std::string_view end) {
  return next.type == token_type::variable_end || next.type == token_type::block_end || next.is_sign(")") ||
         (!end.empty() && next.is_name(end));
}

value number_of(const token& read) {
  try {
    return read.type == token_type::integer ? value(integer_of(read.text)) : value(real_of(read.text));
  } catch (const fault& wrong) {
    throw error(read.at, wrong.what());
  }
}

} // namespace

void expression_parser::note_assigned(std::string_view name) {
  for (macro_words& macro : macros_) {
    macro.caller &= name != "caller";
    macro.keywords &= name != "kwargs";
    macro.more &= name != "varargs";
  }
}

expression_ptr expression_parser::name_of(const token& read) {
  for (const macro_words& macro : macros_) {
    macro.takes->takes_caller |= macro.caller && read.text == "caller";
    macro.takes->takes_keywords |= macro.keywords && read.text == "kwargs";
    macro.takes->takes_more |= macro.more && read.text == "varargs";
  }
  return made(expression_kind::name, read.at, {}, read.text);
}

expression_ptr expression_parser::primary_of(bool attributes) {
  const token read = tokens_.current();
  const auto constant = [&](value what) {
    auto node = made(expression_kind::constant, read.at, {});
    node->constant = std::move(what);
    return node;
  };
  if (read.type == token_type::name) {
    tokens_.next();
    if (read.text == "true" || read.text == "True" || read.text == "false" || read.text == "False")
      return constant(read.text == "true" || read.text == "True");
    if (read.text == "none" || read.text == "None")
      return constant(nullptr);
    if (!attributes || !tokens_.skip_sign("."))
      return name_of(read);
    auto node = made(expression_kind::namespace_attribute, read.at, {}, read.text);
    node->signs.push_back(tokens_.expect(token_type::name).text);
    return node;
  }
  if (read.type == token_type::string) {
    std::string text;
    while (tokens_.current().type == token_type::string)
      text += tokens_.next().text;
    return constant(value::trusted(std::move(text)));
  }
  if (read.type == token_type::integer || read.type == token_type::floating) {
    tokens_.next();
    return constant(number_of(read));
  }
  if (tokens_.skip_sign("(")) {
    auto node = elements_of(false, true, false, {}, true);
    tokens_.expect_sign(")");
    return node;
  }
  if (read.is_sign("["))
    return list_of();
  if (read.is_sign("{"))
    return map_of();
  tokens_.fail("a value");
}

expression_ptr expression_parser::list_of() {
  const place at = tokens_.expect_sign("[").at;
  std::vector<expression_ptr> parts;
  while (!tokens_.current().is_sign("]")) {
    if (!parts.empty())
      tokens_.expect_sign(",");
    if (!tokens_.current().is_sign("]"))
      parts.push_back(expression_of());
  }
  tokens_.next();
  return made(expression_kind::list, at, std::move(parts));
}

expression_ptr expression_parser::map_of() {
  const place at = tokens_.expect_sign("{").at;
  std::vector<expression_ptr> parts;
  while (!tokens_.current().is_sign("}")) {
    if (!parts.empty())
      tokens_.expect_sign(",");
    if (tokens_.current().is_sign("}"))
      break;
    parts.push_back(expression_of());
    tokens_.expect_sign(":");
    parts.push_back(expression_of());
  }
  tokens_.next();
  return made(expression_kind::map, at, std::move(parts));
}

expression_ptr expression_parser::elements_of(bool simple, bool conditional, bool attributes, std::string_view end,
                                              bool in_brackets) {
  const level one(*this);
  const place at = tokens_.current().at;
  std::vector<expression_ptr> parts;
  bool is_tuple = false;
  while (true) {
    if (!parts.empty())
      tokens_.expect_sign(",");
    if (ends_tuple(tokens_.current(), end))
      break;
    parts.push_back(simple ? primary_of(attributes) : expression_of(conditional));
    if (!tokens_.current().is_sign(","))
      break;
    is_tuple = true;
  }
  if (!is_tuple && !parts.empty())
    return std::move(parts.front());
  if (!is_tuple && !in_brackets)
    tokens_.fail("an expression");
  return made(expression_kind::tuple, at, std::move(parts));
}

expression_ptr expression_parser::tuple_of(bool conditional, std::string_view end) {
  return elements_of(false, conditional, false, end, false);
}

namespace {

bool can_assign(const expression& target) {
  if (target.kind == expression_kind::tuple)
    return std::ranges::all_of(target.parts, [](const auto& part) { return can_assign(*part); });
  return target.kind == expression_kind::name || target.kind == expression_kind::namespace_attribute;
}

} // namespace

void expression_parser::note_targets(const expression& target) {
  if (target.kind == expression_kind::name)
    note_assigned(target.name);
  for (const auto& part : target.parts)
    note_targets(*part);
}

expression_ptr expression_parser::target_of(std::string_view end, bool attributes) {
  auto noted = std::exchange(macros_, {}); // a name that is assigned to is not one that is asked for
  auto target = elements_of(true, false, attributes, end, false);
  macros_ = std::move(noted);
  note_targets(*target);
  if (!can_assign(*target))
    throw error(target->at, "this can't be assigned to: a name, or several with commas, was expected");
  return target;
}

expression_ptr expression_parser::postfix_of(expression_ptr node) {
  while (true) {
    const token& next = tokens_.current();
    if (next.is_sign(".") || next.is_sign("["))
      node = subscript_of(std::move(node));
    else if (next.is_sign("("))
      node = call_of(std::move(node));
    else
      return node;
  }
}

expression_ptr expression_parser::subscript_of(expression_ptr node) {
  const token sign = tokens_.next();
  if (sign.text == ".") {
    const token read = tokens_.next();
    if (read.type == token_type::name)
      return made(expression_kind::attribute, sign.at, parts_of(std::move(node)), read.text);
    if (read.type != token_type::integer)
      throw error(read.at, "expected the name or number of an attribute behind \".\"");
    auto which = made(expression_kind::constant, read.at, {});
    which->constant = number_of(read);
    return made(expression_kind::subscript, sign.at, parts_of(std::move(node), std::move(which)));
  }
  std::vector<expression_ptr> which;
  while (!tokens_.current().is_sign("]")) {
    if (!which.empty())
      tokens_.expect_sign(",");
    which.push_back(slice_of());
  }
  tokens_.next();
  auto one = which.size() == 1 ? std::move(which.front()) : made(expression_kind::tuple, sign.at, std::move(which));
  return made(expression_kind::subscript, sign.at, parts_of(std::move(node), std::move(one)));
}

expression_ptr expression_parser::slice_of() {
  const place at = tokens_.current().at;
  const auto ends = [&] { return tokens_.current().is_sign("]") || tokens_.current().is_sign(","); };
  std::vector<expression_ptr> parts(3);
  if (!tokens_.current().is_sign(":")) {
    parts[0] = expression_of();
    if (!tokens_.current().is_sign(":"))
      return std::move(parts[0]);
  }
  tokens_.next();
  if (!tokens_.current().is_sign(":") && !ends())
    parts[1] = expression_of();
  if (tokens_.skip_sign(":") && !ends())
    parts[2] = expression_of();
  return made(expression_kind::slice, at, std::move(parts));
}

call_arguments expression_parser::arguments_of() {
  const place at = tokens_.expect_sign("(").at;
  call_arguments given;
  const auto ensure = [&](bool right) {
    if (!right)
      throw error(at, "the arguments of this call are in a wrong order: first those without a name, then those with "
                      "one, then \"*\" and \"**\"");
  };
  bool is_first = true;
  while (!tokens_.current().is_sign(")")) {
    if (!std::exchange(is_first, false))
      tokens_.expect_sign(",");
    if (tokens_.current().is_sign(")"))
      break;
    if (tokens_.skip_sign("*")) {
      ensure(!given.more_positional && !given.more_keywords);
      given.more_positional = expression_of();
    } else if (tokens_.skip_sign("**")) {
      ensure(!given.more_keywords);
      given.more_keywords = expression_of();
    } else if (tokens_.current().type == token_type::name && tokens_.following().is_sign("=")) {
      ensure(!given.more_keywords);
      const token name = tokens_.next();
      tokens_.next();
      if (std::ranges::any_of(given.keywords, [&](const auto& other) { return other.first == name.text; }))
        throw error(name.at, "the argument \"" + name.text + "\" is given twice");
      given.keywords.emplace_back(name.text, expression_of());
    } else {
      ensure(!given.more_positional && !given.more_keywords && given.keywords.empty());
      given.positional.push_back(expression_of());
    }
  }
  tokens_.next();
  return given;
}

expression_ptr expression_parser::call_of(expression_ptr node) {
  const place at = tokens_.current().at;
  auto call = made(expression_kind::call, at, parts_of(std::move(node)));
  call->given = arguments_of();
  return finished(std::move(call));
}

std::string expression_parser::dotted_name() {
  std::string name = tokens_.expect(token_type::name).text;
  while (tokens_.skip_sign("."))
    name += "." + tokens_.expect(token_type::name).text;
  return name;
}

expression_ptr expression_parser::filters_of(expression_ptr of, bool bare) {
  while (std::exchange(bare, false) || tokens_.skip_sign("|")) {
    const place at = tokens_.current().at;
    const std::string name = dotted_name();
    if (!find_filter(name))
      unknown_.emplace_back(at, "there is no filter \"" + name + "\"");
    std::vector<expression_ptr> parts;
    parts.push_back(std::move(of));
    auto node = made(expression_kind::filter, at, std::move(parts), name);
    if (tokens_.current().is_sign("("))
      node->given = arguments_of();
    of = finished(std::move(node));
  }
  return of;
}

expression_ptr expression_parser::test_of(expression_ptr node) {
  tokens_.next();
  const place at = tokens_.current().at;
  const bool negated = tokens_.skip_name("not");
  const std::string name = dotted_name();
  if (!find_test(name))
    unknown_.emplace_back(at, "there is no test \"" + name + "\"");
  auto test = made(expression_kind::test, at, parts_of(std::move(node)), name);
  const token& next = tokens_.current();
  if (next.is_sign("(")) {
    test->given = arguments_of();
  } else if ((next.type == token_type::name && !next.is_name("else") && !next.is_name("or") && !next.is_name("and")) ||
             next.type == token_type::string || next.type == token_type::integer || next.type == token_type::floating ||
             next.is_sign("[") || next.is_sign("{")) {
    if (next.is_name("is"))
      throw error(next.at, "tests can't be chained: \"is\" behind a test");
    test->given.positional.push_back(postfix_of(primary_of()));
  }
  test = finished(std::move(test));
  return negated ? made(expression_kind::logical_not, at, parts_of(std::move(test))) : std::move(test);
}

} // namespace avp::jinja
