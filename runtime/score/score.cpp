// From a kind to its scorer.
#include "runtime/score/score.hpp"

#include "agents/text/exact_number.hpp"
#include "agents/text/final_answer.hpp"
#include "agents/text/final_number.hpp"
#include "runtime/score/mathematics.hpp"
#include "runtime/score/short_answer.hpp"
#include "runtime/score/text_match.hpp"
#include "transport/ascii.hpp"

namespace avp {
namespace {

std::optional<double> score_number(std::string_view answer, std::string_view expected) {
  const auto right = final_number(expected);
  if (!right)
    return {};
  const auto given = final_number(answer);
  return given && equal_numbers(*given, *right) ? 1 : 0;
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

std::optional<double> score(score_kind kind, std::string_view answer, std::string_view expected) {
  if (trimmed(expected).empty() && kind != score_kind::exact)
    return {};
  switch (kind) {
  case score_kind::number:
    return score_number(answer, expected);
  case score_kind::math:
    return score_math(answer, expected) ? 1 : 0;
  case score_kind::exact:
    return same_text(answer, expected) ? 1 : 0;
  case score_kind::answer_exact:
    return same_answer(final_short_answer(answer), expected) ? 1 : 0;
  case score_kind::f1:
    return word_f1(final_short_answer(answer), expected);
  case score_kind::contains:
    return contains_text(answer, expected) ? 1 : 0;
  case score_kind::choice:
    return score_choice(answer, expected);
  case score_kind::python:
    return {};
  }
  return {};
}

} // namespace avp
