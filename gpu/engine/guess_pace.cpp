// What guesses gain and what they cost.
#include "gpu/engine/guess_pace.hpp"

#include <algorithm>

#include "gpu/engine/prompt_lookup.hpp"

namespace avp {

namespace {

// What one more row costs, of a pass of one row, as measured (gpu/README.md).
constexpr double cost_of_row = 0.5;

// Weight of the latest guess in the chance of the next one.
constexpr double newest = 0.25;

// So many equal tokens are no coincidence.
constexpr std::size_t long_match = 8;

// From here one guess that comes true is enough to go on.
constexpr double least_chance = 0.35;

// Tokens per time against none guessed, for k guesses that come true with chance a and cost c each:
// (1 + a + … + aᵏ) / (1 + k·c). arXiv 2211.17192, theorem 3.8.
std::int64_t best_count(double chance) {
  std::int64_t best = 0;
  double most = 1, tokens = 1, power = 1;
  for (std::int64_t count = 1; count <= guess_pace::most_guesses; ++count) {
    tokens += power *= chance;
    if (const auto gain = tokens / (1 + cost_of_row * static_cast<double>(count)); gain > most) {
      most = gain;
      best = count;
    }
  }
  return best;
}

} // namespace

guess_pace::attempt guess_pace::next() {
  const auto count = std::max<std::int64_t>(1, best_count(chance_));
  if (pause_ == 0)
    return {count, prompt_lookup::least_match};
  --pause_;
  return {count, long_match};
}

// Behind a guess that failed, nothing was looked at.
void guess_pace::learn(std::int64_t guessed, std::int64_t accepted) {
  for (std::int64_t i = 0; i < std::min(guessed, accepted + 1); ++i)
    chance_ = std::max(least_chance, chance_ + newest * ((i < accepted ? 1 : 0) - chance_));
  if (guessed == 0)
    return;
  if (best_count(chance_) > 0) {
    pause_ = 0;
    next_pause_ = first_pause;
    return;
  }
  pause_ = next_pause_;
  next_pause_ = std::min(longest_pause, 2 * next_pause_);
}

} // namespace avp
