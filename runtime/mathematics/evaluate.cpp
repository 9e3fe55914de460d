// From the leaves of a formula to its root.
#include "runtime/mathematics/evaluate.hpp"

#include <array>
#include <cstdint>
#include <utility>

#include "runtime/mathematics/units.hpp"
#include "transport/ascii.hpp"

namespace avp::math {
namespace {

constexpr unsigned positive_samples = 4;

/// FNV-1a with the last step of MurmurHash3.
std::uint64_t hash_of(std::string_view name, unsigned sample) {
  std::uint64_t hash = 14695981039346656037ULL + sample;
  for (const char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33U);
}

/// A rational number that is 1 or another simple one by accident only. Every other one is below 1, as arcsines need it.
mpq_class sample_of(std::string_view name, unsigned sample) {
  const auto hash = hash_of(name, sample);
  const bool minus = sample >= positive_samples && hash % 2 == 1;
  if (name.size() == 1 && name.find_first_of("nkmjlN") == 0) {
    const auto integer = static_cast<long>(1 + (hash >> 8U) % 41);
    return minus ? -integer : integer;
  }
  constexpr std::array<unsigned long, 8> primes{53, 59, 61, 67, 71, 73, 79, 83};
  const auto below = primes[(hash >> 1U) % primes.size()];
  const auto above = sample % 2 == 0 ? 1 + (hash >> 8U) % (below - 1) : below + 1 + (hash >> 8U) % (3 * below);
  mpq_class result(above, below);
  result.canonicalize();
  return minus ? mpq_class(-result) : result;
}

class evaluator {
public:
  evaluator(unsigned sample, work& left) : sample_(sample), left_(left) {}

  evaluated of(const formula& f) {
    auto result = compute(f);
    const auto bits = static_cast<long>(result.result.bits());
    left_.spend(result.result.is_exact() ? 1 + bits * bits / 2'000'000 : 20);
    return result;
  }

private:
  evaluated compute(const formula& f) {
    switch (f.kind) {
    case node::number:
      return {value(f.number)};
    case node::symbol:
      return symbol(f.name);
    case node::quantity:
    case node::labelled:
      return of(f.parts[0]);
    case node::percent: {
      const auto whole = of(f.parts[0]);
      return {whole.result / value(100), whole.varies};
    }
    case node::sum:
      return folded(f, [](const value& a, const value& b) { return a + b; });
    case node::product:
      return folded(f, [](const value& a, const value& b) { return a * b; });
    case node::quotient:
      return folded(f, [](const value& a, const value& b) { return a / b; });
    case node::negative: {
      const auto inside = of(f.parts[0]);
      return {value(0) - inside.result, inside.varies};
    }
    case node::power: {
      const auto base = of(f.parts[0]);
      const auto exponent = of(f.parts[1]);
      return raised(base, exponent);
    }
    case node::function:
      return function(f);
    case node::call:
      return call(f);
    default:
      throw no_formula(); // no expression
    }
  }

  template <class Operation>
  evaluated folded(const formula& f, Operation operation) {
    auto result = of(f.parts[0]);
    for (std::size_t i = 1; i < f.parts.size(); ++i) {
      const auto next = of(f.parts[i]);
      result = {operation(result.result, next.result), result.varies || next.varies};
    }
    return result;
  }

  evaluated symbol(const std::string& name) const {
    if (name == "e")
      return {apply("exp", value(1), false)};
    if (name == "i")
      return {value(0, 1)};
    if (name == "\\pi")
      return {value(interval::pi(), interval(0))};
    if (name == "\\infty" || name.starts_with("\\mathbb"))
      throw no_formula();
    return {value(sample_of(name, sample_)), true};
  }

  evaluated raised(const evaluated& base, const evaluated& exponent) {
    left_.spend(100);
    const bool varies = base.varies || exponent.varies;
    return {power(base.result, exponent.result, varies), varies};
  }

  evaluated function(const formula& f) {
    left_.spend(100);
    if (f.name == "root") {
      const auto degree = of(f.parts[0]);
      const auto inside = of(f.parts[1]);
      if (degree.result == value(2))
        return {apply("sqrt", inside.result, inside.varies), inside.varies};
      return raised(inside, {value(1) / degree.result, degree.varies});
    }
    if (f.name == "binom")
      return folded(f, binomial);
    if (f.name == "log") {
      const auto base = of(f.parts[0]);
      const auto inside = of(f.parts[1]);
      return {apply("ln", inside.result, inside.varies) / apply("ln", base.result, base.varies),
              base.varies || inside.varies};
    }
    if (f.name == "max")
      return folded(f, [](const value& a, const value& b) { return a < b ? b : a; });
    if (f.name == "min")
      return folded(f, [](const value& a, const value& b) { return b < a ? b : a; });
    if (f.name == "gcd" || f.name == "lcm")
      return folded(f, f.name == "gcd" ? greatest_divisor : least_multiple);
    if (f.parts.size() != 1)
      throw no_formula();
    const auto inside = of(f.parts[0]);
    const bool angle = f.name.size() == 3 && in_degrees(f.parts[0]);
    const auto argument = angle ? inside.result * value(interval::pi(), interval(0)) / value(180) : inside.result;
    return {apply(f.name, argument, inside.varies), inside.varies};
  }

  static value greatest_divisor(const value& a, const value& b) {
    if (!a.is_integer() || !b.is_integer())
      throw no_formula();
    return value(mpz_class(gcd(a.re().get_num(), b.re().get_num())));
  }

  static value least_multiple(const value& a, const value& b) {
    if (!a.is_integer() || !b.is_integer())
      throw no_formula();
    return value(mpz_class(lcm(a.re().get_num(), b.re().get_num())));
  }

  /// `\sin 30^\circ`, `\cos(2 \cdot 15^\circ)`: an angle of which some part has the unit.
  static bool in_degrees(const formula& f) {
    if (f.kind == node::quantity)
      return compare_units(f.name, "degrees") == same_unit::yes;
    if (f.kind != node::sum && f.kind != node::product && f.kind != node::quotient && f.kind != node::negative)
      return false;
    for (const auto& part : f.parts)
      if (in_degrees(part))
        return true;
    return false;
  }

  /// The same function of the same arguments has the same value.
  evaluated call(const formula& f) {
    auto name = f.name;
    for (const auto& part : f.parts)
      name += "(" + of(part).result.text();
    return {value(sample_of(name, sample_)), true};
  }

  unsigned sample_;
  work& left_;
};

} // namespace

evaluated evaluate(const formula& f, unsigned sample, work& left) { return evaluator(sample, left).of(f); }

} // namespace avp::math
