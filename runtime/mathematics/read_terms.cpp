// Expressions: sums down to atoms.
#include <algorithm>
#include <array>
#include <utility>

#include "runtime/mathematics/formula_reader.hpp"
#include "transport/ascii.hpp"

namespace avp::math {
namespace {

// Commands that stand between expressions, or close a bracket: no factor begins with one.
constexpr auto no_factors = std::to_array<std::string_view>(
    {"\\cup",    "\\cap",    "\\setminus", "\\pm",         "\\mp",     "\\le",   "\\ge",       "\\ne",   "\\approx",
     "\\equiv",  "\\in",     "\\to",       "\\rightarrow", "\\sim",    "\\perp", "\\parallel", "\\vee",  "\\wedge",
     "\\rangle", "\\rfloor", "\\rceil",    "\\mid",        "\\choose", "\\over", "\\degree",   "\\hline"});

bool is_words(const formula& f) { return f.kind == node::words; }

bool is_percent(const std::string& unit) {
  const auto small = lowered(unit);
  return small == "percent" || small == "per cent" || small == "pct";
}

formula with_unit(std::vector<formula> values, std::string unit) {
  auto value = make_joined(node::product, std::move(values));
  if (is_percent(unit))
    return make(node::percent, "", {std::move(value)});
  return make(node::quantity, std::move(unit), {std::move(value)});
}

/// What factors mean that may be words: words behind a value are its unit, words before one name it.
formula make_product(std::vector<formula> factors) {
  if (std::none_of(factors.begin(), factors.end(), is_words))
    return make_joined(node::product, std::move(factors));
  std::string label;
  std::vector<formula> values;
  std::vector<formula> quantities;
  for (auto& factor : factors) {
    if (!is_words(factor)) {
      values.push_back(std::move(factor));
    } else if (!values.empty()) {
      quantities.push_back(with_unit(std::exchange(values, {}), factor.name));
    } else {
      auto& name = quantities.empty() ? label : quantities.back().name;
      name += (name.empty() || factor.name.starts_with('/') ? "" : " ") + factor.name;
    }
  }
  if (!values.empty())
    quantities.push_back(make_joined(node::product, std::move(values)));
  if (quantities.empty())
    return make(node::words, label);
  auto result = make_joined(node::compound, std::move(quantities));
  return label.empty() ? result : make(node::labelled, label, {std::move(result)});
}

} // namespace

formula formula_reader::sum() {
  std::vector<formula> terms;
  while (true) {
    const bool minus = take("-");
    const char* both = minus ? nullptr : take("\\pm") ? "\\pm" : take("\\mp") ? "\\mp" : nullptr;
    if (!minus && both == nullptr && !take("+") && !terms.empty())
      return make_joined(node::sum, std::move(terms));
    auto term = is("-") ? signed_factor() : product();
    if (minus)
      term = make(node::negative, "", {std::move(term)});
    else if (both != nullptr)
      term = make(node::plus_minus, both, {std::move(term)});
    terms.push_back(std::move(term));
  }
}

formula formula_reader::product() {
  std::vector<formula> factors;
  factors.push_back(begins_phrase(false) ? phrase() : factor());
  while (true) {
    if (take("*")) {
      factors.push_back(signed_factor());
    } else if (take("/")) {
      if (begins_phrase(true)) {
        auto below = phrase();
        below.name = "/" + below.name;
        factors.push_back(std::move(below));
        continue;
      }
      auto above = make_product(std::move(factors));
      factors.clear();
      factors.push_back(make(node::quotient, "", {std::move(above), signed_factor()}));
    } else if (begins_phrase(true)) {
      factors.push_back(phrase());
    } else if (begins_factor()) {
      factors.push_back(factor());
    } else {
      return make_product(std::move(factors));
    }
  }
}

formula formula_reader::signed_factor() {
  if (take("-"))
    return make(node::negative, "", {factor()});
  take("+");
  return factor();
}

bool formula_reader::begins_factor() const {
  const auto& next = peek();
  if (next.kind == token_kind::number) // 2 3 is no product
    return at_ > 0 && tokens_[at_ - 1].kind != token_kind::number;
  if (next.kind == token_kind::symbol)
    return !(next.text == "U" && at_ > 0 && (is("(", 1) || is("[", 1)) &&
             (tokens_[at_ - 1].text == ")" || tokens_[at_ - 1].text == "]"));
  if (next.kind == token_kind::command)
    return !next.text.starts_with("\\end{") &&
           std::find(no_factors.begin(), no_factors.end(), next.text) == no_factors.end();
  return next.kind == token_kind::sign && (next.text == "(" || next.text == "[" || next.text == "{" ||
                                           next.text == "\\{" || (next.text == "|" && bars_ == 0));
}

formula formula_reader::factor() { return raised(atom()); }

/// An atom with what stands behind it: `!`, `^`, `%`, a degree sign.
formula formula_reader::raised(formula base) {
  while (true) {
    if (take("!")) {
      base = make(node::function, take("!") ? "!!" : "!", {std::move(base)});
    } else if (take("^")) {
      auto above = exponent();
      base = is_words(above) ? make(node::quantity, above.name, {std::move(base)})
                             : make(node::power, "", {std::move(base), std::move(above)});
    } else if (take("%")) {
      base = make(node::percent, "", {std::move(base)});
    } else if (take("\\degree")) {
      base = make(node::quantity, "degrees", {std::move(base)});
    } else {
      return base;
    }
  }
}

/// Behind `^` people write 10 and mean it, whatever TeX makes of it.
formula formula_reader::exponent() {
  const depth_guard guard(depth_);
  if (take("-"))
    return make(node::negative, "", {exponent()});
  if (peek().kind != token_kind::number)
    return factor();
  auto result = number();
  if (!take("^"))
    return result;
  return make(node::power, "", {std::move(result), exponent()});
}

formula formula_reader::atom() {
  const depth_guard guard(depth_);
  const auto& next = peek();
  switch (next.kind) {
  case token_kind::number:
    return number();
  case token_kind::symbol:
    return symbol();
  case token_kind::word:
    return phrase();
  case token_kind::command:
    return command();
  default:
    break;
  }
  if (take("("))
    return bracket("(");
  if (take("["))
    return bracket("[");
  if (take("{"))
    return group();
  if (take("\\{"))
    return set();
  if (take("|"))
    return bars();
  if (take("\\|")) {
    auto inside = sum();
    expect("\\|");
    return make(node::function, "norm", {std::move(inside)});
  }
  throw no_formula();
}

formula formula_reader::bars() {
  ++bars_;
  auto inside = sum();
  --bars_;
  expect("|");
  return make(node::function, "abs", {std::move(inside)});
}

// Numbers ------------------------------------------------------------------------------------------------------------

formula formula_reader::number() {
  const auto& written = tokens_[at_++];
  formula result = make_number(written.number);
  result.decimals = written.decimals;
  result.digits = written.digits;
  if (!written.is_integer())
    return result;
  if (is("_"))
    return based(make(node::symbol, written.text));
  if (auto fraction = mixed_fraction())
    return make_number(result.number + fraction->number);
  return result;
}

/// Behind an integer, a fraction of integers below 1: `2\frac12`, `2 1/2`.
std::optional<formula> formula_reader::mixed_fraction() {
  if (!is("\\frac") && !(peek().kind == token_kind::number && peek().spaced))
    return {};
  const auto begin = at_;
  const auto tokens = tokens_;
  mpq_class above;
  mpq_class below;
  const auto integer = [&](mpq_class& value) {
    const bool braces = take("{");
    if (!peek().is_integer())
      return false;
    auto part = braces ? number() : argument();
    value = part.number;
    return !braces || take("}");
  };
  bool is_fraction = false;
  if (take("\\frac")) {
    is_fraction = integer(above) && integer(below);
  } else if (peek().is_integer() && peek().spaced && is("/", 1) && peek(2).is_integer()) {
    above = peek().number;
    below = peek(2).number;
    at_ += 3;
    is_fraction = true;
  }
  if (is_fraction && above < below && !is("^") && !is("!"))
    return make_number(above / below);
  at_ = begin;
  tokens_ = tokens; // 2\frac{3x}{4} is a product
  return {};
}

/// 1010_2; the digits are those of its base, else it is the name of something.
formula formula_reader::based(const formula& digits) {
  const auto base = subscript();
  const bool is_number = !base.empty() && base.size() < 3 && std::all_of(base.begin(), base.end(), is_digit);
  const auto numeral = is_number ? std::stoi(base) : 0;
  mpz_class value;
  if (numeral < 2 || numeral > 36 || value.set_str(digits.name, numeral) != 0)
    return make(node::symbol, digits.name + "_" + base);
  return make_number(value);
}

// Names and words ----------------------------------------------------------------------------------------------------

/// The text of a subscript: what it says does not matter, only whether it is the same.
std::string formula_reader::subscript() {
  expect("_");
  std::string name;
  int depth = 0;
  do {
    const auto& next = tokens_[at_];
    if (next.kind == token_kind::end)
      throw no_formula();
    ++at_;
    depth += next.text == "{" ? 1 : next.text == "}" ? -1 : 0;
    if (next.text != "{" && next.text != "}")
      name += next.text;
  } while (depth > 0);
  return name;
}

formula formula_reader::symbol() {
  if (begins_phrase(false))
    return phrase();
  auto name = tokens_[at_++].text;
  while (true) {
    if (is("_"))
      name += "_" + subscript();
    else if (take("'"))
      name += "'";
    else
      break;
  }
  auto inverse = at_;
  if (is("^") && is("{", 1) && is("-", 2) && peek(3).text == "1" && is("}", 4) && is("(", 5))
    inverse += 5; // f^{-1}(x)
  std::swap(at_, inverse);
  if (begins_call(name))
    return make(node::call, name + (inverse < at_ ? "^-1" : ""), arguments());
  at_ = inverse;
  return make(node::symbol, name);
}

/// f(x) is no product: always of f and g, of other letters where they are usual for functions and a bracket holds no
/// sum (`P(A)`, but `h(a+b)`).
bool formula_reader::begins_call(const std::string& name) const {
  if (!is("("))
    return false;
  if (name[0] == 'f' || name[0] == 'g' || name[0] == 'F' || name[0] == 'G' || name.find('\'') != std::string::npos)
    return true;
  constexpr std::string_view functions = "hpqrHPQTEN";
  if (functions.find(name[0]) == std::string_view::npos)
    return false;
  return (is(")", 2) && !is("(", 1)) ||
         (name[0] == 'P' && peek(1).kind == token_kind::symbol && !is("+", 2) && !is("-", 2));
}

/// Whether words come: a word, or an upright letter that belongs to one or is a unit.
bool formula_reader::begins_phrase(bool behind_value) const {
  const auto& next = peek();
  if (next.kind == token_kind::word)
    return next.text != "and" && next.text != "or";
  if (next.kind != token_kind::symbol || !next.upright)
    return false;
  const auto& then = peek(1);
  return (behind_value && next.text != "e" && next.text != "i" && next.text != "d") ||
         (then.kind == token_kind::word && then.text != "and" && then.text != "or");
}

formula formula_reader::phrase() {
  std::string name;
  while (begins_phrase(true)) {
    if (!name.empty())
      name += " ";
    name += tokens_[at_++].text;
    if (take("^")) { // cm^2, s^{-1}
      const bool braces = take("{");
      name += "^";
      while (take("-"))
        name += "-";
      if (peek().kind != token_kind::number)
        throw no_formula();
      name += tokens_[at_++].text;
      if (braces)
        expect("}");
    }
    if (is("*") && peek(1).upright) // kg \cdot m
      ++at_;
  }
  if (name.empty())
    throw no_formula();
  return make(node::words, name);
}

} // namespace avp::math
