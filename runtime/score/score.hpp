// How well an answer's text matches the expected one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "transport/name_table.hpp"

namespace avp {

/// How an answer is compared with what is expected.
enum class score_kind : std::uint8_t {
  number,       ///< The number that the answer comes to equals the expected one (5.0 equals 5).
  math,         ///< The formula that the answer comes to means the same as the expected one.
  exact,        ///< Equal but for blanks at both ends.
  answer_exact, ///< The short answer equals the expected one but for case, punctuation and articles.
  f1,           ///< The share of words that the short answer and the expected one have in common, 0 to 1.
  contains,     ///< The expected text occurs in the answer; ASCII letters of either case are equal.
  choice,       ///< The letter A to E that the answer decides for.
  python,       ///< The answer is a Python program, and passes the expected tests; see program_scorer.
};

template <>
inline constexpr auto name_table<score_kind> = std::to_array<named_value<score_kind>>({
    {score_kind::number, "number"},
    {score_kind::math, "math"},
    {score_kind::exact, "exact"},
    {score_kind::answer_exact, "answer_exact"},
    {score_kind::f1, "f1"},
    {score_kind::contains, "contains"},
    {score_kind::choice, "choice"},
    {score_kind::python, "python"},
});

/// 1 for a right answer and 0 for a wrong one; with f1 also what is between. Nothing where `expected` is no number, no
/// letter, or (math, answer_exact, f1, contains) empty, so that it cannot be scored, and for python, which only
/// program_scorer scores.
[[nodiscard]] std::optional<double> score(score_kind kind, std::string_view answer, std::string_view expected);

} // namespace avp
