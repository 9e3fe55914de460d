// Reads the expressions of a template.
#include "gpu/text/jinja/expression_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>

namespace avp::jinja {

namespace {

constexpr std::size_t most_levels = 100; // of brackets and blocks: each is some ten calls on the stack
constexpr std::size_t most_depth = 400;  // of expressions: they are evaluated by functions that call themselves

} // namespace

std::vector<expression_ptr> expression_parser::parts_of(expression_ptr first, expression_ptr second) {
  std::vector<expression_ptr> parts;
  parts.push_back(std::move(first));
  if (second)
    parts.push_back(std::move(second));
  return parts;
}

void expression_parser::enter() {
  if (++level_ > most_levels)
    throw error(tokens_.current().at,
                "brackets and blocks lie in one another more than " + std::to_string(most_levels) + " levels deep");
}

void expression_parser::insist(std::size_t before) const {
  if (unknown_.size() > before)
    throw unknown_[before];
}

expression_ptr expression_parser::finished(expression_ptr node) {
  const auto count = [&](const expression_ptr& part) {
    if (part)
      node->depth = std::max(node->depth, part->depth + 1);
  };
  std::ranges::for_each(node->parts, count);
  std::ranges::for_each(node->given.positional, count);
  for (const auto& keyword : node->given.keywords)
    count(keyword.second);
  count(node->given.more_positional);
  count(node->given.more_keywords);
  if (node->depth > most_depth)
    throw error(node->at, "an expression has more than " + std::to_string(most_depth) + " operators in one another");
  return node;
}

expression_ptr expression_parser::made(expression_kind kind, place at, std::vector<expression_ptr> parts,
                                       std::string name) {
  auto node = std::make_unique<expression>();
  node->kind = kind;
  node->at = at;
  node->name = std::move(name);
  node->parts = std::move(parts);
  return finished(std::move(node));
}

expression_ptr expression_parser::expression_of(bool conditional) {
  const level one(*this);
  const std::size_t before = unknown();
  auto node = or_of();
  while (conditional && tokens_.current().is_name("if")) {
    const place at = tokens_.next().at;
    auto condition = or_of();
    auto parts = parts_of(std::move(condition), std::move(node));
    if (tokens_.skip_name("else"))
      parts.push_back(expression_of());
    forgive(before);
    node = made(expression_kind::conditional, at, std::move(parts));
  }
  return node;
}

expression_ptr expression_parser::or_of() {
  auto node = and_of();
  while (tokens_.current().is_name("or")) {
    const place at = tokens_.next().at;
    node = made(expression_kind::logical_or, at, parts_of(std::move(node), and_of()));
  }
  return node;
}

expression_ptr expression_parser::and_of() {
  auto node = not_of();
  while (tokens_.current().is_name("and")) {
    const place at = tokens_.next().at;
    node = made(expression_kind::logical_and, at, parts_of(std::move(node), not_of()));
  }
  return node;
}

expression_ptr expression_parser::not_of() {
  if (!tokens_.current().is_name("not"))
    return comparison_of();
  const level one(*this);
  const place at = tokens_.next().at;
  return made(expression_kind::logical_not, at, parts_of(not_of()));
}

expression_ptr expression_parser::comparison_of() {
  constexpr std::string_view compared[] = {"==", "!=", "<", "<=", ">", ">="};
  auto first = sum_of();
  auto parts = parts_of(nullptr);
  std::vector<std::string> signs;
  const place at = tokens_.current().at;
  while (true) {
    const token& next = tokens_.current();
    if (next.type == token_type::sign && std::ranges::find(compared, next.text) != std::end(compared))
      signs.push_back(tokens_.next().text);
    else if (tokens_.skip_name("in"))
      signs.emplace_back("in");
    else if (next.is_name("not") && tokens_.following().is_name("in") && tokens_.skip_name("not") &&
             tokens_.skip_name("in"))
      signs.emplace_back("not in");
    else
      break;
    parts.push_back(sum_of());
  }
  if (signs.empty())
    return first;
  parts.front() = std::move(first);
  auto node = made(expression_kind::comparison, at, std::move(parts));
  node->signs = std::move(signs);
  return node;
}

expression_ptr expression_parser::binary_of(std::initializer_list<std::string_view> signs,
                                            expression_ptr (expression_parser::*part)()) {
  auto node = (this->*part)();
  while (std::ranges::any_of(signs, [&](auto sign) { return tokens_.current().is_sign(sign); })) {
    const token sign = tokens_.next();
    node = made(expression_kind::binary, sign.at, parts_of(std::move(node), (this->*part)()), sign.text);
  }
  return node;
}

expression_ptr expression_parser::sum_of() { return binary_of({"+", "-"}, &expression_parser::concatenation_of); }

expression_ptr expression_parser::concatenation_of() {
  auto first = product_of();
  if (!tokens_.current().is_sign("~"))
    return first;
  const place at = tokens_.current().at;
  auto parts = parts_of(std::move(first));
  while (tokens_.skip_sign("~"))
    parts.push_back(product_of());
  return made(expression_kind::concatenation, at, std::move(parts));
}

expression_ptr expression_parser::product_of() {
  return binary_of({"*", "/", "//", "%"}, &expression_parser::power_of);
}

expression_ptr expression_parser::power_of() { return binary_of({"**"}, &expression_parser::filtered_unary); }

expression_ptr expression_parser::unary_of(bool with_filters) {
  expression_ptr node;
  const token& next = tokens_.current();
  if (next.is_sign("-") || next.is_sign("+")) {
    const level one(*this);
    const auto kind = next.is_sign("-") ? expression_kind::negative : expression_kind::positive;
    const place at = tokens_.next().at;
    node = made(kind, at, parts_of(unary_of(false)));
  } else {
    node = primary_of();
  }
  node = postfix_of(std::move(node));
  while (with_filters) {
    if (tokens_.current().is_sign("|"))
      node = filters_of(std::move(node));
    else if (tokens_.current().is_name("is"))
      node = test_of(std::move(node));
    else if (tokens_.current().is_sign("("))
      node = call_of(std::move(node));
    else
      break;
  }
  return node;
}

} // namespace avp::jinja
