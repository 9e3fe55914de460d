// Comparing values as Python does. Marks don't count.
#include "gpu/text/jinja/compare.hpp"

#include <algorithm>
#include <string>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/run.hpp"

namespace avp::jinja {

namespace {

// Beyond 2^53 not every integer has a floating-point number of its own.
std::partial_ordering compare_numbers(const value& left, const value& right) {
  if (!left.is_float() && !right.is_float())
    return left.integer() <=> right.integer();
  return static_cast<long double>(left.is_float() ? left.real() : 0) +
             static_cast<long double>(left.is_float() ? 0 : left.integer()) <=>
         static_cast<long double>(right.is_float() ? right.real() : 0) +
             static_cast<long double>(right.is_float() ? 0 : right.integer());
}

bool is_set(sequence_kind kind) { return kind == sequence_kind::keys || kind == sequence_kind::items; }

bool equal_sequences(const sequence& left, const sequence& right) {
  if (&left == &right)
    return true;
  if (is_set(left.kind) && is_set(right.kind))
    return left.items.size() == right.items.size() && std::ranges::all_of(left.items, [&](const value& item) {
             return std::ranges::any_of(right.items, [&](const value& other) { return equal(item, other); });
           });
  if (left.kind != right.kind || left.kind == sequence_kind::generator || left.kind == sequence_kind::values)
    return false;
  return std::ranges::equal(left.items, right.items, equal);
}

bool equal_maps(const mapping& left, const mapping& right) {
  return left.entries().size() == right.entries().size() && std::ranges::all_of(left.entries(), [&](const auto& entry) {
           const value* other = right.find(entry.first);
           return other && equal(entry.second, *other);
         });
}

} // namespace

bool equal(const value& left, const value& right) {
  run::spend_here();
  if (left.is_number() && right.is_number())
    return compare_numbers(left, right) == 0;
  if (left.text() && right.text())
    return left.text()->text() == right.text()->text();
  if (left.items() && right.items())
    return equal_sequences(*left.items(), *right.items());
  if (left.entries() && right.entries())
    return equal_maps(*left.entries(), *right.entries());
  if (left.made() || right.made())
    return left.made() == right.made();
  return (left.is_none() && right.is_none()) || (left.is_undefined() && right.is_undefined());
}

std::partial_ordering compare(const value& left, const value& right, const char* sign) {
  if (left.is_undefined() || right.is_undefined())
    throw fault((left.is_undefined() ? left : right).reason());
  if (left.is_number() && right.is_number())
    return compare_numbers(left, right);
  if (left.text() && right.text()) // UTF-8 has the order of its code points
    return left.text()->text() <=> right.text()->text();
  const sequence* first = left.items();
  const sequence* second = right.items();
  if (first && second && first->kind == second->kind &&
      (first->kind == sequence_kind::list || first->kind == sequence_kind::tuple)) {
    const auto [one, other] = std::ranges::mismatch(first->items, second->items, equal);
    if (one == first->items.end() || other == second->items.end())
      return first->items.size() <=> second->items.size();
    return compare(*one, *other, sign);
  }
  throw fault(std::string("'") + sign + "' is not supported between " + left.type_name() + " and " + right.type_name());
}

bool contains(const value& whole, const value& part) {
  if (whole.text()) {
    if (!part.text())
      throw fault("'in <string>' needs a string on its left, but it is a " + part.type_name());
    return place_in(whole.text()->text(), part.text()->text()) != std::string::npos;
  }
  if (whole.entries())
    return whole.entries()->find(part) != nullptr;
  if (whole.items() && whole.items()->kind == sequence_kind::generator) { // looking consumes it as far as it looks
    const sequence& source = *whole.items();
    while (source.taken < source.items.size())
      if (equal(source.items[source.taken++], part))
        return true;
    if (!source.failure.empty())
      throw fault(source.failure);
    return false;
  }
  if (whole.items())
    return std::ranges::any_of(whole.items()->items,
                               [&](const value& item) { return item.same_as(part) || equal(item, part); });
  if (whole.is_undefined())
    return false;
  throw fault("a " + whole.type_name() + " has no elements to look for");
}

} // namespace avp::jinja
