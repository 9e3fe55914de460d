// What operators do with values, as Python has it.
#include "gpu/text/jinja/operators.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/printf.hpp"

namespace avp::jinja {

namespace {

[[noreturn]] void overflow() { throw fault("the result is too large: integers have 64 bits"); }

[[noreturn]] void division_by_zero() { throw fault("division by zero"); }

value integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0)
      division_by_zero();
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  if (base == 0 || base == 1 || base == -1)
    return exponent == 0 ? std::int64_t{1} : base == -1 && exponent % 2 == 0 ? std::int64_t{1} : base;
  std::int64_t result = 1;
  for (; exponent > 0; --exponent) // at most 63 times: then it has overflowed
    if (__builtin_mul_overflow(result, base, &result))
      overflow();
  return result;
}

std::int64_t floor_division(std::int64_t left, std::int64_t right) {
  if (right == 0)
    division_by_zero();
  if (right == -1 && left == std::numeric_limits<std::int64_t>::min())
    overflow();
  return left / right - static_cast<std::int64_t>(left % right != 0 && (left < 0) != (right < 0));
}

value with_integers(std::string_view sign, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  if (sign == "/") {
    if (right == 0)
      division_by_zero();
    return static_cast<double>(static_cast<long double>(left) / static_cast<long double>(right));
  }
  if (sign == "**")
    return integer_power(left, right);
  if (sign == "//")
    return floor_division(left, right);
  if (sign == "%")
    return right == -1 ? std::int64_t{0} : left - floor_division(left, right) * right;
  if (sign == "+"   ? __builtin_add_overflow(left, right, &result)
      : sign == "-" ? __builtin_sub_overflow(left, right, &result)
                    : __builtin_mul_overflow(left, right, &result))
    overflow();
  return result;
}

double modulo(double left, double right) {
  if (right == 0)
    division_by_zero();
  const double rest = std::fmod(left, right);
  if (rest == 0)
    return std::copysign(0.0, right);
  return (right < 0) != (rest < 0) ? rest + right : rest;
}

double floor_division(double left, double right) {
  if (right == 0)
    division_by_zero();
  const double rest = std::fmod(left, right);
  const double quotient = (left - rest) / right - (rest != 0 && (right < 0) != (rest < 0) ? 1 : 0);
  if (quotient == 0)
    return std::copysign(0.0, left / right);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

value with_reals(std::string_view sign, double left, double right) {
  if (sign == "+")
    return left + right;
  if (sign == "-")
    return left - right;
  if (sign == "*")
    return left * right;
  if (sign == "//")
    return floor_division(left, right);
  if (sign == "%")
    return modulo(left, right);
  if ((sign == "/" && right == 0) || (sign == "**" && left == 0 && right < 0))
    division_by_zero();
  if (sign == "/")
    return left / right;
  if (left < 0 && std::isfinite(left) && std::isfinite(right) && right != std::floor(right))
    throw fault("a power of a negative number with a fraction is no real number");
  const double result = std::pow(left, right);
  if (std::isinf(result) && std::isfinite(left) && std::isfinite(right))
    throw fault("the result is too large for a floating-point number");
  return result;
}

/// `times` copies of a string, list or tuple.
value repeated_value(run& work, const value& what, std::int64_t times) {
  const auto count = static_cast<std::size_t>(times < 0 ? 0 : times);
  if (const auto* text = what.text()) {
    if (count > 0 && text->text().size() > std::numeric_limits<std::size_t>::max() / 2 / count)
      overflow();
    work.spend_text(text->text().size() * count);
    work.spend(text->empty() ? 0 : count);
    return text->empty() ? what : work.text(repeated(*text, count));
  }
  const auto& items = what.items()->items;
  if (count > 0 && items.size() > std::numeric_limits<std::size_t>::max() / 2 / count)
    overflow();
  work.spend(items.size() * count);
  std::vector<value> all;
  for (std::size_t i = 0; i < count && !items.empty(); ++i)
    all.insert(all.end(), items.begin(), items.end());
  return sequence{what.items()->kind, std::move(all)};
}

bool is_repeatable(const value& what) {
  return what.text() ||
         (what.items() && (what.items()->kind == sequence_kind::list || what.items()->kind == sequence_kind::tuple));
}

} // namespace

value apply(run& work, std::string_view sign, const value& left, const value& right) {
  if (sign == "%" && left.text())
    return work.text(print_formatted(work, *left.text(), right));
  if (left.is_undefined() || right.is_undefined())
    throw fault((left.is_undefined() ? left : right).reason());
  if (left.is_number() && right.is_number())
    return left.is_float() || right.is_float() ? with_reals(sign, left.real(), right.real())
                                               : with_integers(sign, left.integer(), right.integer());
  if (sign == "+" && left.text() && right.text())
    return work.text(*left.text() + *right.text());
  if (sign == "+" && is_repeatable(left) && is_repeatable(right) && left.items() && right.items() &&
      left.items()->kind == right.items()->kind) {
    work.spend(left.items()->items.size() + right.items()->items.size());
    auto all = left.items()->items;
    all.insert(all.end(), right.items()->items.begin(), right.items()->items.end());
    return sequence{left.items()->kind, std::move(all)};
  }
  if (sign == "*" && is_repeatable(left) && right.is_number() && !right.is_float())
    return repeated_value(work, left, right.integer());
  if (sign == "*" && is_repeatable(right) && left.is_number() && !left.is_float())
    return repeated_value(work, right, left.integer());
  throw fault("\"" + std::string(sign) + "\" can't be used between " + left.type_name() + " and " + right.type_name() +
              (sign == "+" && (left.text() || right.text()) ? "; to put texts together use \"~\"" : ""));
}

value negated(const value& number, bool positive) {
  if (number.is_undefined())
    throw fault(number.reason());
  if (!number.is_number())
    throw fault(std::string(positive ? "\"+\"" : "\"-\"") + " needs a number, but there is a " + number.type_name());
  if (number.is_float())
    return positive ? number.real() : -number.real();
  if (!positive && number.integer() == std::numeric_limits<std::int64_t>::min())
    overflow();
  return positive ? number.integer() : -number.integer();
}

} // namespace avp::jinja
