// Commands: fractions, roots, functions, and the names of other things.
#include <algorithm>
#include <array>
#include <utility>

#include "runtime/mathematics/formula_reader.hpp"

namespace avp::math {

formula formula_reader::command() {
  constexpr auto functions =
      std::to_array<std::string_view>({"arcsin", "arccos", "arctan", "arccot", "sinh", "cosh", "tanh", "sin", "cos",
                                       "tan", "cot", "sec", "csc", "ln", "exp"});
  constexpr auto of_several = std::to_array<std::string_view>({"gcd", "lcm", "max", "min"});
  const auto name = tokens_[at_].text.substr(1);
  if (!begins_factor())
    throw no_formula();
  ++at_;
  if (name == "frac")
    return fraction();
  if (name == "sqrt" || name == "root")
    return root(name == "root");
  if (name == "log")
    return logarithm();
  if (name == "binom") {
    auto above = argument();
    return make(node::function, name, {std::move(above), argument()});
  }
  if (name.starts_with("begin{") && name.size() > 7)
    return matrix(name.substr(6, name.size() - 7));
  if (name == "langle")
    return bracket("(");
  if (name == "lfloor" || name == "lceil") {
    auto inside = sum();
    expect(name == "lfloor" ? "\\rfloor" : "\\rceil");
    return make(node::function, name, {std::move(inside)});
  }
  if (std::find(functions.begin(), functions.end(), name) != functions.end())
    return applied(name);
  if (std::find(of_several.begin(), of_several.end(), name) != of_several.end() && is("("))
    return make(node::function, name, arguments());
  if (name == "pmod" || name == "mod" || name == "bmod")
    return make(node::call, "mod", {is("(") ? atom() : argument()});
  if (name == "emptyset")
    return make(node::set, "");
  --at_;
  return symbol();
}

formula formula_reader::fraction() {
  auto above = argument();
  auto below = argument();
  if (above.kind == node::words && below.kind == node::words)
    return make(node::words, above.name + "/" + below.name);
  return make(node::quotient, "", {std::move(above), std::move(below)});
}

formula formula_reader::root(bool whole_numbers) {
  auto degree = make_number(2);
  if (take("[")) {
    degree = sum();
    expect("]");
  }
  return make(node::function, "root", {std::move(degree), whole_numbers ? atom() : argument()});
}

formula formula_reader::logarithm() {
  auto base = make_number(10);
  if (take("_"))
    base = argument();
  if (!take("^"))
    return make(node::function, "log", {std::move(base), operand()});
  auto above = exponent();
  return make(node::power, "", {make(node::function, "log", {std::move(base), operand()}), std::move(above)});
}

/// `\sin^2 x` is a power, `\sin^{-1} x` the inverse function.
formula formula_reader::applied(const std::string& name) {
  if (!take("^"))
    return make(node::function, name, {operand()});
  auto above = exponent();
  const bool inverse =
      above.kind == node::negative && above.parts[0].kind == node::number && above.parts[0].number == 1;
  if (inverse && (name == "sin" || name == "cos" || name == "tan" || name == "cot"))
    return make(node::function, "arc" + name, {operand()});
  return make(node::power, "", {make(node::function, name, {operand()}), std::move(above)});
}

/// What a function is applied to: a bracket, or else a product without signs (`\sin 2x`).
formula formula_reader::operand() {
  if (is("(") || is("{"))
    return atom();
  std::vector<formula> factors;
  factors.push_back(factor());
  const auto goes_on = [&] {
    return peek().kind == token_kind::symbol || is("\\pi") || is("\\theta") || is("\\alpha") || is("\\beta") ||
           is("\\phi");
  };
  while (goes_on())
    factors.push_back(factor());
  return make_joined(node::product, std::move(factors));
}

/// What a command such as `\frac` takes: a group, or one digit, letter or command.
formula formula_reader::argument() {
  auto& next = tokens_[at_];
  if (next.kind == token_kind::symbol)
    return make(node::symbol, tokens_[at_++].text);
  if (!next.is_integer())
    return atom();
  auto digit = make_number(next.text[0] - '0');
  next.text.erase(0, 1);
  next.spaced = false;
  if (next.text.empty())
    ++at_;
  else
    next.number = mpz_class(next.text, 10);
  return digit;
}

} // namespace avp::math
