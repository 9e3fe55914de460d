// How well an answer's text matches the expected one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// How an answer is compared with the expected text.
enum class score_kind : std::uint8_t {
  number,   ///< The number that the answer comes to equals the expected one (5.0 equals 5).
  exact,    ///< Equal but for blanks at both ends.
  contains, ///< The expected text occurs in the answer; ASCII letters of either case are equal.
  choice,   ///< The letter A to E that the answer decides for.
};

/// The kind of that name; nothing where there is none.
[[nodiscard]] std::optional<score_kind> score_kind_named(std::string_view name);

/// The names of all kinds.
[[nodiscard]] std::vector<std::string> score_kind_names();

/// 1 for a right answer and 0 for a wrong one. Nothing where `expected` is no number, no letter, or (for contains)
/// empty, so that it cannot be scored.
[[nodiscard]] std::optional<double> score(score_kind kind, std::string_view answer, std::string_view expected);

} // namespace avp
