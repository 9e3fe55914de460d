// How many tokens to guess, by what became of the guesses before.
#pragma once

#include <cstddef>
#include <cstdint>

namespace avp {

/// Guesses as many tokens as pay off, as long as that is more than none; then it pauses, each time for longer, and
/// tries one again. In a pause only a long match is tried. So an answer that repeats nothing pays for a few rows.
class guess_pace {
public:
  static constexpr std::int64_t most_guesses = 7;

  /// What is to be guessed for the next pass.
  struct attempt {
    std::int64_t count = 0;
    std::size_t least_match = 0; ///< Tokens that have to be the same before it.
  };

  /// Each call is one pass of a pause.
  [[nodiscard]] attempt next();

  /// What became of it; nothing where none were made.
  void learn(std::int64_t guessed, std::int64_t accepted);

private:
  static constexpr std::int64_t first_pause = 16, longest_pause = 128; // passes

  double chance_ = 0.7; // that the next guess comes true
  std::int64_t pause_ = 0;
  std::int64_t next_pause_ = first_pause;
};

} // namespace avp
