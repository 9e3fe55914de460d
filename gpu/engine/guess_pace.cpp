// What guesses gain and what they cost.
#include "gpu/engine/guess_pace.hpp"

#include <algorithm>

namespace avp {

namespace {

// Weight of the latest guess in the chance of the next one.
constexpr double newest = 0.25;

// From here a few guesses that come true are enough to go on.
constexpr double least_chance = 0.1;

// What may be lost: at once, in passes, and of the time of every token. Together 3 % of an answer of 100 tokens.
constexpr double first_loan = 1.5, share_of_time = 0.015;

// What was gained before may be lost again, but for no more than so many passes.
constexpr double most_saved = 8;

// A model that had so many passes to guess in is known, and so is one that had none with so many texts.
constexpr int passes_to_know = 8, texts_on_trust = 4;

} // namespace

double guess_pace::token_time(std::int64_t rows) const { return times_->of(rows) / static_cast<double>(rows); }

double guess_pace::cost(std::int64_t rows, std::int64_t guesses) const {
  return std::max(0.0, times_->of(rows + guesses) - times_->of(rows));
}

double guess_pace::cost_with_drafting(std::int64_t rows, std::int64_t guesses) const {
  return cost(rows, guesses) + (drafting_ ? static_cast<double>(guesses) * drafting_->of(1) : 0);
}

// Tokens per time of a pass of r rows and k guesses that come true with chance a, (r + a + … + aᵏ) / t(r + k), against
// r / t(r). For r = 1 it is theorem 3.8 of arXiv 2211.17192, with times that are measured.
std::int64_t guess_pace::best_count(std::int64_t rows) const {
  std::int64_t best = 0;
  double most = 1, tokens = static_cast<double>(rows), power = 1;
  for (std::int64_t count = 1; count <= most_guesses; ++count) {
    tokens += power *= chance_;
    if (const auto gain = token_time(rows) * tokens / (times_->of(rows) + cost_with_drafting(rows, count));
        gain > most) {
      most = gain;
      best = count;
    }
  }
  return best;
}

guess_pace::attempt guess_pace::next(std::int64_t rows) {
  if (times_->is_unsure(rows))
    return {};
  const auto token = token_time(rows);
  account_ = account_ ? *account_ + share_of_time * token : first_loan * token;
  const auto too_much = std::max(0.0, *account_ - most_saved * token);
  *account_ -= too_much;
  debt_ = std::max(0.0, debt_ - share_of_time * token - too_much);
  const auto best = best_count(rows);
  auto count = std::max<std::int64_t>(1, best);
  while (count > 0 && cost_with_drafting(rows, count) > *account_)
    --count;
  return {count, best == 0, rows};
}

// Behind a guess that failed, nothing was looked at.
void guess_pace::learn(const attempt& tried, std::int64_t guessed, std::int64_t accepted) {
  for (std::int64_t i = 0; i < std::min(guessed, accepted + 1); ++i)
    chance_ = std::max(least_chance, chance_ + newest * ((i < accepted ? 1 : 0) - chance_));
  if (account_)
    *account_ += static_cast<double>(accepted) * token_time(tried.rows) - cost(tried.rows, guessed);
}

bool guess_pace::begin_reading() {
  const bool is_known = read_ >= texts_on_trust || drafted_ >= passes_to_know;
  if (is_known && debt_ > 0)
    return false;
  ++read_;
  return true;
}

void guess_pace::count_drafting(double milliseconds) {
  ++drafted_;
  if (account_)
    *account_ -= milliseconds;
}

} // namespace avp
