// A draft model's sequence, step by step.
#include "gpu/engine/draft_reader.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <ATen/ATen.h>

namespace avp {

namespace {

// Rows of a text that are read beside one pass of the other model, which waits for them.
constexpr std::int64_t most_read = 128;

// What the draft model has to think of a token's probability, to guess it, and to guess it as a mere try.
constexpr double likely = 0.5, all_but_certain = 0.9;

std::pair<std::int32_t, double> best_of(const at::Tensor& scores) {
  const auto [best, token] = at::max(scores, 0);
  return {static_cast<std::int32_t>(token.item<std::int64_t>()), 1 / (scores - best).exp_().sum().item<double>()};
}

} // namespace

draft_reader::draft_reader(std::shared_ptr<draft_model> model, std::shared_ptr<guess_pace> pace,
                           std::int64_t known_tokens)
    : model_(std::move(model)),
      pace_(std::move(pace)),
      tokens_(std::min(known_tokens, model_->model().network.config().vocab_size)),
      sequence_(model_->pool()) {
  model_->add(*this);
}

void draft_reader::append(std::span<const std::int32_t> tokens) {
  std::ranges::copy_if(tokens, std::back_inserter(text_), [&](auto token) { return token >= 0 && token < tokens_; });
}

void draft_reader::give_back() {
  sequence_.clear();
  cached_.clear();
  is_reading_ = false;
}

// Guesses that came true are there already; the last token is run again where all of the text is there, for its scores.
void draft_reader::forget_what_failed() {
  const auto most = std::min(cached_.size(), text_.size() - 1);
  const auto same = std::mismatch(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(most), cached_.begin());
  cached_.resize(static_cast<std::size_t>(same.first - text_.begin()));
  sequence_.cut(static_cast<std::int64_t>(cached_.size()));
}

// From blocks that are free, and otherwise not: nobody gives any up for guesses.
bool draft_reader::has_room(std::int64_t rows) {
  if (sequence_.length() + rows <= model_->model().network.config().max_positions &&
      sequence_.blocks_for(rows) <= model_->free_blocks())
    return true;
  give_back();
  return false;
}

at::Tensor draft_reader::run(std::span<const std::int32_t> tokens) {
  sequence_.extend(static_cast<std::int64_t>(tokens.size()));
  cached_.insert(cached_.end(), tokens.begin(), tokens.end());
  auto scores = model_->run(sequence_, tokens);
  is_broken_ = !scores.defined();
  return scores;
}

void draft_reader::read(std::int64_t rows) {
  if (!is_reading_ && !pace_->begin_reading())
    return;
  is_reading_ = true;
  rows = std::min(rows, most_read);
  (void)run(std::span(text_).subspan(cached_.size(), static_cast<std::size_t>(rows)));
  pace_->count_reading(model_->times().of(rows));
}

// What goes wrong here ends the guesses and not the answer.
std::vector<std::int32_t> draft_reader::guess(std::size_t most, bool is_try) {
  if (is_broken_ || text_.empty())
    return {};
  std::vector<std::int32_t> guesses;
  try {
    guesses = guess_or_read(most, is_try);
  } catch (...) { // memory, the device
    is_broken_ = true;
  }
  if (is_broken_)
    give_back();
  return guesses;
}

std::vector<std::int32_t> draft_reader::guess_or_read(std::size_t most, bool is_try) {
  forget_what_failed();
  const auto left = static_cast<std::int64_t>(text_.size() - cached_.size());
  std::vector<std::int32_t> guesses;
  if (!has_room(left + static_cast<std::int64_t>(most)))
    return guesses;
  if (left > pass_times::most_rows) { // more than guesses leave behind
    read(left - 1);
    return guesses;
  }
  is_reading_ = false;
  std::vector<std::int32_t> next(text_.begin() + static_cast<std::ptrdiff_t>(cached_.size()), text_.end());
  while (guesses.size() < most) {
    const auto scores = run(next);
    pace_->count_drafting(model_->times().of(static_cast<std::int64_t>(next.size())));
    if (is_broken_)
      break;
    const auto [token, probability] = best_of(scores.narrow(0, 0, tokens_));
    if (!(probability >= (is_try ? all_but_certain : likely)))
      break;
    guesses.push_back(token);
    if (model_->model().tokenizer.is_end_of_turn(token))
      break;
    next.assign(1, token);
  }
  return guesses;
}

} // namespace avp
