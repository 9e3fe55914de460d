// Guesses of one pass.
#include "gpu/engine/token_guesser.hpp"

#include <algorithm>
#include <utility>

namespace avp {

void token_guesser::read(std::span<const std::int32_t> context, std::span<const std::int32_t> prompt) {
  source_->append(context);
  source_->append(prompt);
  has_read_ = true;
}

// An end of turn gets no row, so there is nothing to be gained by guessing it.
std::int64_t token_guesser::guess(std::span<const std::int32_t> answer, std::int64_t rows, std::int64_t most) {
  attempt_ = pace_->next(rows);
  most = std::min(most, attempt_.count);
  if (std::exchange(rests_, false) || most <= 0)
    return 0;
  source_->append(answer.subspan(known_));
  known_ = answer.size();
  auto guesses = source_->guess(static_cast<std::size_t>(most), attempt_.is_try);
  guesses.erase(std::ranges::find_if(guesses, [&](auto token) { return tokenizer_->is_end_of_turn(token); }),
                guesses.end());
  if (guesses.empty())
    return 0;
  run_.assign(1, answer.back());
  run_.insert(run_.end(), guesses.begin(), guesses.end());
  return this->count();
}

void token_guesser::drop() {
  pace_->learn(attempt_, count(), 0);
  run_.clear();
  rests_ = true;
}

bool token_guesser::comes_true(std::int32_t token) const {
  return states_.defined() && accepted_ < count() && run_[accepted_ + 1] == token;
}

at::Tensor token_guesser::accept() { return states_.narrow(0, ++accepted_, 1); }

std::int64_t token_guesser::end_pass() {
  pace_->learn(attempt_, count(), accepted_);
  run_.clear();
  states_ = at::Tensor();
  return std::exchange(accepted_, 0);
}

} // namespace avp
