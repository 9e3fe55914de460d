// Sets of pieces, and the formulas that describe them.
#include "runtime/mathematics/real_set.hpp"

#include <algorithm>
#include <utility>

#include "transport/ascii.hpp"

namespace avp::math {
namespace {

using pieces = std::vector<piece>;

// Sets ---------------------------------------------------------------------------------------------------------------

/// -1, 0 or 1, by where they lie on the line.
int order(const endpoint& a, const endpoint& b) {
  if (a.infinite != 0 || b.infinite != 0)
    return a.infinite < b.infinite ? -1 : a.infinite > b.infinite ? 1 : 0;
  if (a.at == b.at)
    return 0;
  if (!(a.at < b.at) && !(b.at < a.at))
    throw no_formula(); // intervals too wide to tell
  return a.at < b.at ? -1 : 1;
}

bool is_empty(const piece& p) {
  const auto ends = order(p.low, p.high);
  return ends > 0 || (ends == 0 && !(p.low.closed && p.high.closed));
}

/// Sorts pieces and joins those that touch.
pieces united(pieces all) {
  std::erase_if(all, is_empty);
  std::stable_sort(all.begin(), all.end(), [](const piece& a, const piece& b) {
    const auto ends = order(a.low, b.low);
    return ends < 0 || (ends == 0 && a.low.closed && !b.low.closed);
  });
  pieces result;
  for (auto& next : all) {
    if (!result.empty()) {
      auto& last = result.back();
      const auto gap = order(last.high, next.low);
      if (gap > 0 || (gap == 0 && (last.high.closed || next.low.closed))) {
        const auto ends = order(last.high, next.high);
        if (ends < 0 || (ends == 0 && next.high.closed))
          last.high = next.high;
        continue;
      }
    }
    result.push_back(std::move(next));
  }
  return result;
}

endpoint inner(const endpoint& a, const endpoint& b, int side) {
  const auto ends = order(a, b) * side;
  return ends > 0 || (ends == 0 && !a.closed) ? a : b;
}

pieces intersection(const pieces& a, const pieces& b, work& left) {
  pieces result;
  for (const auto& x : a)
    for (const auto& y : b) {
      left.spend(10);
      result.push_back({inner(x.low, y.low, 1), inner(x.high, y.high, -1)});
    }
  return united(std::move(result));
}

pieces complement(const pieces& a) {
  pieces result;
  endpoint low{.infinite = -1};
  for (const auto& p : a) {
    auto high = p.low;
    high.closed = !high.closed;
    result.push_back({low, high});
    low = p.high;
    low.closed = !low.closed;
  }
  result.push_back({low, {.infinite = 1}});
  for (auto& p : result)
    for (auto* end : {&p.low, &p.high})
      end->closed = end->closed && end->infinite == 0;
  return united(std::move(result));
}

pieces point(const value& at) { return {{{.at = at, .closed = true}, {.at = at, .closed = true}}}; }
pieces whole_line() { return {{{.infinite = -1}, {.infinite = 1}}}; }

// Formulas -----------------------------------------------------------------------------------------------------------

class describer {
public:
  explicit describer(work& left) : left_(left) {}

  std::optional<real_set> of(const formula& f) {
    left_.spend(1);
    switch (f.kind) {
    case node::tuple:
      return interval_of(f);
    case node::set:
      return points(f);
    case node::relation:
      return inequality(f);
    case node::list:
      return several(f);
    case node::set_sum:
    case node::set_cut:
      return joined(f);
    case node::set_rest:
      return rest(f.parts[0], f.parts[1]);
    case node::sum: // \mathbb{R} - \{0\}
      if (f.parts.size() == 2 && f.parts[1].kind == node::negative && f.parts[1].parts[0].kind == node::set)
        return rest(f.parts[0], f.parts[1].parts[0]);
      return {};
    case node::symbol:
    case node::words:
      return named(f.name);
    default:
      return {};
    }
  }

private:
  std::optional<endpoint> end_of(const formula& f, bool closed) {
    const bool minus = f.kind == node::negative;
    if (is_symbol(minus ? f.parts[0] : f, "\\infty"))
      return endpoint{.infinite = minus ? -1 : 1, .at = value(0), .closed = false};
    try {
      const auto found = evaluate(f, 0, left_);
      if (!found.varies && found.result.is_real())
        return endpoint{.at = found.result, .closed = closed};
    } catch (const no_formula&) { // no number, no end
    }
    return {};
  }

  static std::optional<real_set> named(const std::string& name) {
    auto key = lowered(name);
    std::erase(key, ' ');
    if (key != "\\mathbb{r}" && key != "allrealnumbers" && key != "allreals" && key != "realnumbers")
      return {};
    return real_set{whole_line(), "", true};
  }

  std::optional<real_set> interval_of(const formula& f) {
    if (f.parts.size() != 2)
      return {};
    auto low = end_of(f.parts[0], f.name[0] == '[');
    auto high = end_of(f.parts[1], f.name[1] == ']');
    if (!low || !high)
      return {};
    const piece whole{*std::move(low), *std::move(high)};
    if (is_empty(whole))
      return {};
    return real_set{{whole}, "", f.name != "()" || whole.low.infinite != 0 || whole.high.infinite != 0};
  }

  std::optional<real_set> points(const formula& f) {
    real_set result;
    for (const auto& part : f.parts) {
      const auto end = end_of(part, true);
      if (!end || end->infinite != 0)
        return {};
      result.pieces.push_back({*end, *end});
    }
    result.pieces = united(std::move(result.pieces));
    return result;
  }

  /// x > 3, 1 <= x < 2, x \in [0, 1]: one name, and numbers at its sides.
  std::optional<real_set> inequality(const formula& f) {
    std::optional<std::size_t> place;
    for (std::size_t i = 0; i < f.parts.size(); ++i)
      if (f.parts[i].kind == node::call || (f.parts[i].kind == node::symbol && !end_of(f.parts[i], false))) {
        if (place)
          return {};
        place = i;
      }
    if (!place || f.parts.size() > 3 || (f.parts.size() == 3 && *place != 1))
      return {};
    real_set result{whole_line(), f.parts[*place].name, f.name != "="};
    for (std::size_t i = 0; i < f.parts.size(); ++i) {
      if (i == *place)
        continue;
      const char sign = f.name[std::min(i, *place)];
      auto half = i > *place && sign == 'e' ? element(f.parts[i]) : half_line(sign, f.parts[i], i < *place);
      if (!half)
        return {};
      result.pieces = intersection(result.pieces, *half, left_);
    }
    return result;
  }

  std::optional<pieces> element(const formula& f) {
    auto inside = of(f);
    return inside ? std::optional(std::move(inside->pieces)) : std::nullopt;
  }

  /// Where a variable lies that stands at the right (or left) of a number and a sign.
  std::optional<pieces> half_line(char sign, const formula& number, bool variable_is_right) {
    const bool closed = sign == 'l' || sign == 'g';
    auto end = end_of(number, closed);
    if (!end)
      return {};
    if (sign == '=' || sign == '!') {
      if (end->infinite != 0)
        return {};
      return sign == '=' ? point(end->at) : complement(point(end->at));
    }
    if (sign != '<' && sign != '>' && !closed)
      return {};
    const bool below = (sign == '<' || sign == 'l') != variable_is_right;
    endpoint far{.infinite = below ? -1 : 1};
    return below ? pieces{{far, *std::move(end)}} : pieces{{*std::move(end), far}};
  }

  /// Inequalities with "or" are united, with "and" they hold together; so they do with a comma unless none is left
  /// then.
  std::optional<real_set> several(const formula& f) {
    real_set all{{}, "", false};
    pieces common = whole_line();
    bool conditions = true;
    for (const auto& part : f.parts) {
      const auto next = of(part);
      if (!next || (part.kind != node::relation && !next->certain) ||
          (!all.variable.empty() && next->variable != all.variable))
        return {};
      conditions = conditions && part.kind == node::relation;
      all.variable = next->variable;
      all.certain = all.certain || next->certain;
      all.pieces.insert(all.pieces.end(), next->pieces.begin(), next->pieces.end());
      common = intersection(common, next->pieces, left_);
    }
    const bool together = conditions && (f.name == "and" || (f.name == "," && !common.empty()));
    all.pieces = together ? std::move(common) : united(std::move(all.pieces));
    return all;
  }

  std::optional<real_set> joined(const formula& f) {
    std::optional<real_set> result;
    for (const auto& part : f.parts) {
      auto next = of(part);
      if (!next)
        return {};
      if (!result) {
        result = std::move(next);
      } else if (f.kind == node::set_cut) {
        result->pieces = intersection(result->pieces, next->pieces, left_);
      } else {
        result->pieces.insert(result->pieces.end(), next->pieces.begin(), next->pieces.end());
        result->pieces = united(std::move(result->pieces));
      }
    }
    result->certain = true;
    return result;
  }

  std::optional<real_set> rest(const formula& all, const formula& without) {
    auto result = of(all);
    const auto gone = of(without);
    if (!result || !gone)
      return {};
    result->pieces = intersection(result->pieces, complement(gone->pieces), left_);
    result->certain = true;
    return result;
  }

  work& left_;
};

} // namespace

std::optional<real_set> real_set_of(const formula& f, work& left) { return describer(left).of(f); }

bool operator==(const real_set& a, const real_set& b) {
  const auto same_end = [](const endpoint& x, const endpoint& y) { return order(x, y) == 0 && x.closed == y.closed; };
  return (a.variable.empty() || b.variable.empty() || a.variable == b.variable) &&
         std::equal(a.pieces.begin(), a.pieces.end(), b.pieces.begin(), b.pieces.end(),
                    [&](const piece& x, const piece& y) { return same_end(x.low, y.low) && same_end(x.high, y.high); });
}

} // namespace avp::math
