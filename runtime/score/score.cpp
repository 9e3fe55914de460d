// From a kind to its scorer.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <avp/agents/ascii.hpp>
#include <avp/agents/final_answer.hpp>
#include <avp/runtime/score/mathematics.hpp>
#include <avp/runtime/score/score.hpp>
#include <avp/runtime/score/short_answer.hpp>

namespace avp {
namespace {

constexpr std::array<std::pair<std::string_view, score_kind>, 8> kinds{{{"number", score_kind::number},
                                                                        {"math", score_kind::math},
                                                                        {"exact", score_kind::exact},
                                                                        {"answer_exact", score_kind::answer_exact},
                                                                        {"f1", score_kind::f1},
                                                                        {"contains", score_kind::contains},
                                                                        {"choice", score_kind::choice},
                                                                        {"python", score_kind::python}}};

bool equal(double a, double b) {
  constexpr double tolerance = 1e-9; // Decimals such as 0.1 + 0.2 written out; far below any difference that counts.
  return std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

std::optional<double> score_number(std::string_view answer, std::string_view expected) {
  const auto right = final_number(expected);
  if (!right)
    return {};
  const auto given = final_number(answer);
  return given && equal(*given, *right) ? 1 : 0;
}

std::optional<double> score_choice(std::string_view answer, std::string_view expected) {
  const auto right = final_choice(expected);
  if (!right)
    return {};
  return final_choice(answer) == right ? 1 : 0;
}

/// The expected formula may come in its box.
bool score_math(std::string_view answer, std::string_view expected) {
  return equal_mathematics(final_mathematics(answer), last_boxed(expected).value_or(expected));
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
  if (trimmed(expected).empty() && kind != score_kind::exact)
    return {};
  switch (kind) {
  case score_kind::number:
    return score_number(answer, expected);
  case score_kind::math:
    return score_math(answer, expected) ? 1 : 0;
  case score_kind::exact:
    return trimmed(answer) == trimmed(expected) ? 1 : 0;
  case score_kind::answer_exact:
    return normal_answer(final_short_answer(answer)) == normal_answer(expected) ? 1 : 0;
  case score_kind::f1:
    return word_f1(final_short_answer(answer), expected);
  case score_kind::contains:
    return lowered(answer).find(lowered(trimmed(expected))) != std::string::npos ? 1 : 0;
  case score_kind::choice:
    return score_choice(answer, expected);
  case score_kind::python:
    return {};
  }
  return {};
}

} // namespace avp
