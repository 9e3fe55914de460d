// Comparison from the outside in: units, collections, relations, brackets, words, and values at last.
#include <algorithm>
#include <array>
#include <utility>

#include "runtime/mathematics/comparer.hpp"
#include "runtime/mathematics/named_values.hpp"
#include "runtime/mathematics/units.hpp"
#include "transport/ascii.hpp"

namespace avp::math {
namespace {

constexpr int deepest = 150; ///< Deeper than any formula that was read.

bool is_collection(const formula& f) { return f.kind == node::list || f.kind == node::set; }

bool has_both_signs(const formula& f) {
  return f.kind == node::plus_minus || std::any_of(f.parts.begin(), f.parts.end(), has_both_signs);
}

/// With the upper signs of every \pm and \mp, or the lower ones.
formula with_sign(const formula& f, bool upper) {
  auto result = f;
  for (auto& part : result.parts)
    part = with_sign(part, upper);
  if (f.kind != node::plus_minus)
    return result;
  auto inside = std::move(result.parts[0]);
  return (f.name == "\\pm") == upper ? inside : make(node::negative, "", {std::move(inside)});
}

/// The letters and digits of words, small.
std::string key_of(const std::string& words) {
  auto key = lowered(words);
  std::erase_if(key, [](char c) { return !is_letter(c) && !is_digit(c) && static_cast<unsigned char>(c) < 0x80; });
  return key;
}

/// 6:30 is no ratio of 13 to 65.
bool looks_like_time(const formula& f) {
  const auto is_below = [](const formula& part, int most) {
    return part.kind == node::number && part.number >= 0 && part.number < most;
  };
  const auto& minutes = f.parts[1].kind == node::quantity ? f.parts[1].parts[0] : f.parts[1];
  return is_below(f.parts[0], 25) &&
         (f.parts.size() > 2 || minutes.kind != node::number || minutes.number >= 10 || minutes.number == 0) &&
         is_below(minutes, 60);
}

} // namespace

bool comparer::equal(const formula& a, const formula& b) {
  left_.spend(1);
  if (depth_ >= deepest)
    return false;
  ++depth_;
  const bool result = equal_inside(a, b);
  --depth_;
  return result;
}

bool comparer::equal_inside(const formula& a, const formula& b) {
  const auto either = [&](node kind) { return a.kind == kind || b.kind == kind; };
  if (either(node::percent))
    return equal_percentages(a, b);
  if (either(node::labelled))
    return equal_labelled(a, b);
  if (either(node::quantity))
    return equal_quantities(a, b);
  if (has_both_signs(a) || has_both_signs(b))
    return equal_in_any_order(elements(a), elements(b));
  if (const auto sets = equal_sets(a, b))
    return *sets;
  if (either(node::relation)) {
    const auto left = by_coordinates(a);
    const auto right = by_coordinates(b);
    if ((left || is_named_list(a)) && (right || is_named_list(b)) && (left || right))
      return equal_in_any_order((left ? *left : a).parts, (right ? *right : b).parts);
  }
  if (either(node::relation) && a.kind != node::list && b.kind != node::list)
    return equal_relations(a, b);
  if (is_collection(a) || is_collection(b))
    return equal_collections(a, b);
  if (either(node::ratio))
    return equal_ratios(a, b);
  if (either(node::words) || (!letters_of(a).empty() && letters_of(a).size() < 2 && letters_of(a) == letters_of(b)))
    return !letters_of(a).empty() && letters_of(a) == letters_of(b);
  if (const auto values = equal_values(a, b))
    return *values;
  return same_shape(a, b);
}

bool comparer::equal_in_order(const formulas& a, const formulas& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const auto& x, const auto& y) { return equal(x, y); });
}

bool comparer::equal_in_any_order(const formulas& a, const formulas& b) {
  return a.size() == b.size() &&
         std::is_permutation(a.begin(), a.end(), b.begin(), [&](const auto& x, const auto& y) { return equal(x, y); });
}

/// The answers of a list or a set, those of every \pm among them; of a set each once. "k an integer" is none.
comparer::formulas comparer::elements(const formula& f) {
  formulas all;
  for (const auto& part : is_collection(f) ? f.parts : formulas{f})
    if (f.kind == node::list && part.kind == node::relation && part.name == "e" &&
        is_symbol(part.parts[1], "\\mathbb{Z}")) {
      continue;
    } else if (has_both_signs(part)) {
      all.push_back(with_sign(part, true));
      all.push_back(with_sign(part, false));
    } else {
      all.push_back(part);
    }
  if (f.kind != node::set)
    return all;
  formulas once;
  for (auto& element : all)
    if (std::none_of(once.begin(), once.end(), [&](const auto& other) { return equal(element, other); }))
      once.push_back(std::move(element));
  return once;
}

/// Sets and bare lists have no order; what is named is the point with its values in the order of the names.
bool comparer::equal_collections(const formula& a, const formula& b) {
  const auto& list = a.kind == node::list ? a : b;
  const auto& point = a.kind == node::list ? b : a;
  if (list.kind == node::list && point.kind == node::tuple && point.name == "()") {
    const auto named = as_point(list);
    return named && equal_in_order(named->parts, point.parts);
  }
  if (point.kind == node::relation && point.name == "e") // x \in \{1, 2\}
    return equal(point.parts[1], list);
  const auto& set = a.kind == node::set ? a : b;
  const auto& words = a.kind == node::set ? b : a;
  if (set.kind == node::set && set.parts.empty() && words.kind == node::words)
    return key_of(words.name) == "emptyset" || key_of(words.name).starts_with("nosolution");
  return equal_in_any_order(elements(a), elements(b));
}

/// 50% is 50, where percents are asked for, and it is 0.5.
bool comparer::equal_percentages(const formula& a, const formula& b) {
  if (a.kind == b.kind)
    return equal(a.parts[0], b.parts[0]);
  const auto& percent = a.kind == node::percent ? a : b;
  const auto& other = a.kind == node::percent ? b : a;
  if (equal(percent.parts[0], other))
    return true;
  return equal_values(percent, other).value_or(false);
}

/// A unit may be left out, but no other one put in its place.
bool comparer::equal_quantities(const formula& a, const formula& b) {
  if (a.kind == b.kind && compare_units(a.name, b.name) == same_unit::no)
    return false;
  return equal(a.kind == node::quantity ? a.parts[0] : a, b.kind == node::quantity ? b.parts[0] : b);
}

/// "January 5" is not "March 5"; but "about 5" is 5.
bool comparer::equal_labelled(const formula& a, const formula& b) {
  if (a.kind == b.kind)
    return key_of(a.name) == key_of(b.name) && equal(a.parts[0], b.parts[0]);
  constexpr auto empty =
      std::to_array<std::string_view>({"about", "approximately", "approx", "around", "roughly", "nearly", "exactly",
                                       "is", "rs", "usd", "us", "a", "total", "answer"});
  const auto& labelled = a.kind == node::labelled ? a : b;
  const auto& other = a.kind == node::labelled ? b : a;
  return std::find(empty.begin(), empty.end(), key_of(labelled.name)) != empty.end() && equal(labelled.parts[0], other);
}

/// 1:2 is 2:4, and 1/2.
bool comparer::equal_ratios(const formula& a, const formula& b) {
  const auto fraction = [](const formula& f) {
    return f.kind == node::ratio ? make(node::quotient, "", {f.parts[0], f.parts[1]}) : f;
  };
  if (a.kind == b.kind && equal_in_order(a.parts, b.parts))
    return true;
  for (const auto* f : {&a, &b})
    if (f->kind == node::ratio && (f->parts.size() != 2 || looks_like_time(*f)))
      return false;
  return equal_values(fraction(a), fraction(b)).value_or(false);
}

/// What has no value (vectors, matrices, ∞, numbers too large to write out) is compared part by part.
bool comparer::same_shape(const formula& a, const formula& b) {
  if (is_same(a, b))
    return true;
  if (a.kind != b.kind || a.name != b.name || a.parts.empty() || a.parts.size() != b.parts.size())
    return false;
  switch (a.kind) {
  case node::tuple:
  case node::matrix:
  case node::compound:
    return equal_in_order(a.parts, b.parts);
  case node::sum:
  case node::product:
    if (value_of(a, 0) || value_of(b, 0))
      return false;
    return equal_in_any_order(a.parts, b.parts);
  case node::negative:
  case node::set_sum:
  case node::set_cut:
    return equal_in_any_order(a.parts, b.parts);
  case node::function: // of vectors and matrices
    return a.name == "norm" || a.name == "abs" ? equal_in_order(a.parts, b.parts) : false;
  default:
    return false;
  }
}

std::string letters_of(const formula& f) {
  if (f.kind == node::words || f.kind == node::symbol)
    return key_of(f.name);
  std::string all;
  if (f.kind == node::product)
    for (const auto& part : f.parts) {
      if (part.kind != node::symbol)
        return {};
      all += key_of(part.name);
    }
  return all;
}

bool is_same(const formula& a, const formula& b) {
  return a.kind == b.kind && a.name == b.name && a.number == b.number && a.decimals == b.decimals &&
         std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), is_same);
}

} // namespace avp::math
