// How well an answer's text matches the expected one.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <avp/agents/ascii.hpp>
#include <avp/agents/final_answer.hpp>
#include <avp/runtime/score.hpp>

namespace avp {
namespace {

constexpr std::array<std::pair<std::string_view, score_kind>, 4> kinds{{{"number", score_kind::number},
                                                                        {"exact", score_kind::exact},
                                                                        {"contains", score_kind::contains},
                                                                        {"choice", score_kind::choice}}};

bool equal(double a, double b) {
  constexpr double tolerance = 1e-9; // Decimals such as 0.1 + 0.2 written out; far below any difference that counts.
  return std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

} // namespace

std::optional<score_kind> score_kind_named(std::string_view name) {
  for (const auto& [known, kind] : kinds)
    if (known == name)
      return kind;
  return {};
}

std::vector<std::string> score_kind_names() {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds)
    names.emplace_back(name);
  return names;
}

std::optional<double> score(score_kind kind, std::string_view answer, std::string_view expected) {
  switch (kind) {
  case score_kind::number: {
    const auto right = final_number(expected);
    if (!right)
      return {};
    const auto given = final_number(answer);
    return given && equal(*given, *right) ? 1 : 0;
  }
  case score_kind::exact:
    return trimmed(answer) == trimmed(expected) ? 1 : 0;
  case score_kind::contains:
    if (trimmed(expected).empty())
      return {};
    return lowered(answer).find(lowered(trimmed(expected))) != std::string::npos ? 1 : 0;
  case score_kind::choice: {
    const auto right = final_choice(expected);
    if (!right)
      return {};
    return final_choice(answer) == right ? 1 : 0;
  }
  }
  return {};
}

} // namespace avp
