// How many tokens to guess: as many as pay, by what passes take and what became of the guesses before.
#pragma once

#include <cstdint>
#include <optional>

#include "gpu/engine/pass_times.hpp"

namespace avp {

/// Guesses what makes the most tokens in a time, and where that is nothing, seldom tries one.
///
/// It keeps an account of the time that guesses have saved, and that they have cost. None is made that the account
/// would not cover if it failed, and all that is paid in is a small share of the time of every token, and what guesses
/// save. So whatever happens, an answer takes no longer than 1.5 % and one and a half passes more than without guesses.
///
/// A model that guesses has to read the text first. That may run into debt, which is paid off by another 1.5 % and by
/// what the account has too much of; before, nothing is read. Only as long as it had no occasion to guess, since texts
/// were long and answers short, it reads on trust: four texts at most.
class guess_pace {
public:
  static constexpr std::int64_t most_guesses = pass_times::most_rows - 1;

  /// What is to be guessed for a pass.
  struct attempt {
    std::int64_t count = 0; ///< At most.
    bool is_try = false;    ///< Nothing speaks for it so far: guess only what is all but certain.
    std::int64_t rows = 1;  ///< Of the pass without it.
  };

  /// `times`, of the model's passes, and `drafting`, of those of a model that guesses, have to live as long.
  explicit guess_pace(const pass_times& times, const pass_times* drafting = nullptr)
      : times_(&times),
        drafting_(drafting) {}

  /// Once for each pass, which has so many `rows` without these guesses.
  [[nodiscard]] attempt next(std::int64_t rows);

  /// What became of it, before the pass is measured.
  void learn(const attempt& tried, std::int64_t guessed, std::int64_t accepted);

  /// Takes note of the time that a model took to guess, whatever that came to.
  void count_drafting(double milliseconds);

  /// Whether a model may begin to read a text now. It does, then.
  [[nodiscard]] bool begin_reading();

  /// Takes note of the time that it took.
  void count_reading(double milliseconds) { debt_ += milliseconds; }

private:
  [[nodiscard]] double token_time(std::int64_t rows) const;
  [[nodiscard]] double cost(std::int64_t rows, std::int64_t guesses) const;
  [[nodiscard]] double cost_with_drafting(std::int64_t rows, std::int64_t guesses) const;
  [[nodiscard]] std::int64_t best_count(std::int64_t rows) const;

  const pass_times* times_;
  const pass_times* drafting_;
  double chance_ = 0.7;           // that the next guess comes true
  std::optional<double> account_; // milliseconds; nothing before the first pass
  double debt_ = 0;               // milliseconds
  int read_ = 0, drafted_ = 0;    // texts, passes
};

} // namespace avp
