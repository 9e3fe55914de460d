// Speculative decoding of one answer: what is guessed for a pass, and what came of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "gpu/engine/guess_pace.hpp"
#include "gpu/engine/guess_source.hpp"
#include "gpu/text/tokenizer.hpp"

namespace avp {

/// Guesses the tokens that follow, to have their rows in one pass. Each is compared with the token that is then chosen
/// as it would be without guesses, from the same logits with the same random numbers; so no answer changes. This is not
/// the rejection sampling of arXiv 2211.17192, which keeps a distribution, not its draws.
///
/// What is guessed is a matter of its source, and how many a matter of the pace.
class token_guesser {
public:
  /// `tokens` have to live as long.
  token_guesser(const tokenizer& tokens, std::unique_ptr<guess_source> source, std::shared_ptr<guess_pace> pace)
      : tokenizer_(&tokens),
        source_(std::move(source)),
        pace_(std::move(pace)) {}

  /// Whether read() is still to be called.
  [[nodiscard]] bool is_new() const { return !has_read_; }

  /// Takes note of what stands before the answer.
  void read(std::span<const std::int32_t> context, std::span<const std::int32_t> prompt);

  /// Guesses up to `most` tokens that follow an answer, for a pass that has so many `rows` without them. Returns how
  /// many.
  std::int64_t guess(std::span<const std::int32_t> answer, std::int64_t rows, std::int64_t most);

  /// How many are guessed for this pass.
  [[nodiscard]] std::int64_t count() const { return run_.empty() ? 0 : static_cast<std::int64_t>(run_.size()) - 1; }

  /// The last token of the answer and the guesses behind it: `rows` of them.
  [[nodiscard]] std::span<const std::int32_t> tokens(std::int64_t rows) const { return std::span(run_).first(rows); }

  /// Their hidden states [rows, hidden].
  void ran(at::Tensor states) { states_ = std::move(states); }

  /// Ends the pass without having looked at what came of it. The next one is to have no guesses.
  void drop();

  /// Gives back what guessing takes of a device's memory.
  void give_back() { source_->give_back(); }

  /// Whether the next guess of this pass is the token that was chosen now.
  [[nodiscard]] bool comes_true(std::int32_t token) const;

  /// Goes on behind that guess. Returns its hidden state [1, hidden].
  [[nodiscard]] at::Tensor accept();

  /// Hidden states that logits are wanted of, [states, hidden]; undefined where nothing was guessed.
  [[nodiscard]] const at::Tensor& states() const { return states_; }

  /// Ends the pass. Returns how many guesses came true.
  std::int64_t end_pass();

private:
  const tokenizer* tokenizer_;
  std::unique_ptr<guess_source> source_;
  std::shared_ptr<guess_pace> pace_;
  guess_pace::attempt attempt_; // of this pass
  bool has_read_ = false;
  bool rests_ = false;    // in the next pass
  std::size_t known_ = 0; // tokens of the answer that the source knows
  std::vector<std::int32_t> run_;
  at::Tensor states_;
  std::int64_t accepted_ = 0;
};

} // namespace avp
