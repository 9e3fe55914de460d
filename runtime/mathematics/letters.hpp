// Letters without a blank between them: words, names, functions, or variables side by side.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/mathematics/token.hpp"

namespace avp::math {

/// Where a run of letters stands.
struct letters_place {
  bool upright = false;       ///< In `\text` or `\mathrm`.
  bool spaced = false;        ///< Behind a blank.
  bool behind_value = false;  ///< Behind something that may have a unit.
  bool among_letters = false; ///< In an answer of letters only: no digit, no operator.
};

/// Adds the tokens that a run of letters stands for. `xy` is two variables, `no` a word, `ABC` the name of something,
/// `sin` a function, and behind a number `cm` a unit.
void add_letters(std::string_view run, const letters_place& place, std::vector<token>& tokens);

/// Whether a text has letters but no digit and no operator.
[[nodiscard]] bool is_letters_only(std::string_view text);

} // namespace avp::math
