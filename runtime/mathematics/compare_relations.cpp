// Equations, inequalities and the sets that they describe.
#include <algorithm>
#include <utility>

#include "runtime/mathematics/comparer.hpp"
#include "runtime/mathematics/real_set.hpp"
#include "transport/ascii.hpp"

namespace avp::math {
namespace {

/// Read from right to left.
formula mirrored(formula r) {
  std::reverse(r.parts.begin(), r.parts.end());
  std::reverse(r.name.begin(), r.name.end());
  for (auto& sign : r.name)
    sign = sign == '<' ? '>' : sign == '>' ? '<' : sign == 'l' ? 'g' : sign == 'g' ? 'l' : sign;
  return r;
}

/// With = for ≈.
std::string plain_relation(std::string signs) {
  std::replace(signs.begin(), signs.end(), '~', '=');
  return signs;
}

bool has_only(const formula& r, std::string_view signs) { return r.name.find_first_not_of(signs) == std::string::npos; }

formula difference(const formula& r) {
  return make(node::sum, "", {r.parts[0], make(node::negative, "", {r.parts[1]})});
}

bool may_be_set(const formula& f) {
  switch (f.kind) {
  case node::tuple:
  case node::set:
  case node::list:
  case node::relation:
  case node::set_sum:
  case node::set_cut:
  case node::set_rest:
  case node::sum:
  case node::symbol:
  case node::words:
    return true;
  default:
    return false;
  }
}

/// a < x <= b as (a, b].
std::optional<formula> as_interval(const formula& r) {
  const auto up = r.name.find_first_not_of("<l") == std::string::npos;
  const auto down = r.name.find_first_not_of(">g") == std::string::npos;
  if (r.parts.size() != 3 || !is_name(r.parts[1]) || (!up && !down))
    return {};
  const auto rising = up ? r : mirrored(r);
  const std::string open = rising.name[0] == '<' ? "(" : "[";
  return make(node::tuple, open + (rising.name[1] == '<' ? ")" : "]"), {rising.parts[0], rising.parts[2]});
}

bool holds(const formula& f, const formula& part) {
  return is_same(f, part) || std::any_of(f.parts.begin(), f.parts.end(), [&](const auto& p) { return holds(p, part); });
}

bool is_capital(const formula& f) { return f.kind == node::symbol && f.name[0] >= 'A' && f.name[0] <= 'Z'; }

} // namespace

bool is_name(const formula& f) {
  const auto begins_with_d = [](const formula& part) {
    return (part.kind == node::symbol && part.name == "d") ||
           (part.kind == node::product && is_symbol(part.parts[0], "d"));
  };
  const auto is_constant = [](const std::string& name) {
    return name == "e" || name == "i" || name == "\\pi" || name == "\\infty";
  };
  switch (f.kind) {
  case node::symbol:
    return !is_constant(f.name);
  case node::call:
  case node::words:
    return true;
  case node::product: // AB, \angle ABC
    return is_symbol(f.parts[0], "\\angle") || is_symbol(f.parts[0], "\\triangle") ||
           (f.parts.size() == 2 && is_symbol(f.parts[0], "m") && f.parts[1].kind == node::product) ||
           std::all_of(f.parts.begin(), f.parts.end(), is_capital);
  case node::quotient: // dy/dx
    return begins_with_d(f.parts[0]) && begins_with_d(f.parts[1]);
  case node::tuple: // (x, y) = (1, 2)
    return std::all_of(f.parts.begin(), f.parts.end(), is_name);
  default:
    return false;
  }
}

/// As sets of real numbers, where one of them can be nothing else.
std::optional<bool> comparer::equal_sets(const formula& a, const formula& b) {
  if (!may_be_set(a) || !may_be_set(b))
    return {};
  try {
    const auto left = real_set_of(a, left_);
    const auto right = left ? real_set_of(b, left_) : std::nullopt;
    if (left && right && (left->certain || right->certain))
      return *left == *right;
  } catch (const no_formula&) { // ends that cannot be told apart
  }
  return {};
}

bool comparer::equal_relations(const formula& a, const formula& b) {
  if (a.kind != b.kind)
    return a.kind == node::relation ? equal_to_answer(a, b) : equal_to_answer(b, a);
  const auto match = [&](const formula& c) {
    return plain_relation(a.name) == plain_relation(c.name) && equal_in_order(a.parts, c.parts);
  };
  const auto turned = mirrored(b);
  if (match(b) || match(turned))
    return true;
  if (a.name.size() != 1 || b.name.size() != 1)
    return false;
  const auto sign = plain_relation(a.name);
  if (sign == "=" && plain_relation(b.name) == "=") {
    if (common_factor(difference(a), difference(b)).has_value())
      return true;
    return define_the_same(a, b) || define_the_same(b, a);
  }
  if (sign.find_first_of("<>lg!") == std::string::npos || (sign != b.name && sign != turned.name))
    return false;
  const auto factor = common_factor(difference(a), difference(sign == b.name ? b : turned));
  if (!factor)
    return false;
  if (sign == "!")
    return true;
  return *factor > 0;
}

/// f(x) = x^2 and y = x^2 define the same function, whichever side of either has the name.
bool comparer::define_the_same(const formula& of_call, const formula& of_name) {
  for (const std::size_t i : {0U, 1U})
    for (const std::size_t j : {0U, 1U}) {
      const auto& call = of_call.parts[i];
      const auto& name = of_name.parts[j];
      const auto& definition = of_name.parts[1 - j];
      if (call.kind == node::call && name.kind != node::call && is_name(name) && !holds(call, name) &&
          !holds(definition, name) && equal(of_call.parts[1 - i], definition))
        return true;
    }
  return false;
}

/// Whether a is a multiple of b: the sign of the factor. 2x + y = 3 and y = 3 - 2x differ by one only.
std::optional<int> comparer::common_factor(const formula& a, const formula& b) {
  constexpr unsigned samples = 8;
  constexpr unsigned enough = 3;
  std::optional<value> factor;
  unsigned compared = 0;
  for (unsigned sample = 0; sample < samples; ++sample) {
    const auto left = value_of(a, sample);
    const auto right = value_of(b, sample);
    if (!left || !right)
      continue;
    if (!left->varies || !right->varies || left->result == value(0) || right->result == value(0))
      return {};
    const auto next = left->result / right->result;
    if (factor && !(*factor == next))
      return {};
    factor = next;
    ++compared;
  }
  if (compared < enough || !factor->is_real())
    return {};
  return factor->is_negative() ? -1 : 1;
}

/// "x = 5" answers "5" and "x \in [0,1]" answers "[0,1]": what has a name is what the name stands for. "1/2 = 0.5" is
/// one number in several spellings. x + y = 5 and x^2 = 4 are no answers but equations.
bool comparer::equal_to_answer(const formula& relation, const formula& bare) {
  const auto& sides = relation.parts;
  if (relation.name == "e")
    return is_name(sides[0]) && equal(sides[1], bare);
  if (const auto interval = as_interval(relation))
    return bare.kind == node::tuple && equal(*interval, bare);
  if (!has_only(relation, "=~"))
    return false;
  if (is_name(sides.front()) && !is_name(bare)) {
    if (equal(sides.back(), bare))
      return true;
    return sides.size() > 2 && equal(sides[1], bare) && (relation.name.back() == '~' || equal(sides[1], sides.back()));
  }
  if (sides.size() == 2 && is_name(sides.back()))
    return equal(sides.front(), bare);
  if (is_name(sides.front())) // y = x, where x is asked for
    return equal(sides.back(), bare);
  for (std::size_t i = 1; i < sides.size(); ++i)
    if (relation.name[i - 1] == '=' && !equal(sides[i - 1], sides[i]))
      return false;
  const auto first = value_of(sides.front(), 0);
  return first && equal(sides.front(), bare);
}

} // namespace avp::math
