// What the latent steps of one request are like, seen as they are made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gpu/text/tokenizer.hpp"
#include "gpu/thought.hpp"

namespace avp {

/// Looks at each step: keeps what it would have said where that was asked for, and always what is wrong with it, as far
/// as its scores are there. It changes nothing of what is computed.
class thought_log {
public:
  /// `explains`: whether steps are kept. `tokens` have to live as long.
  thought_log(bool explains, const tokenizer& tokens) : explains_(explains), tokenizer_(tokens) {}

  [[nodiscard]] bool explains() const { return explains_; }

  /// How many steps it has seen.
  [[nodiscard]] std::int64_t steps() const { return steps_; }

  /// Takes note of the next step: the state that its input is made of, and the scores of the vocabulary for that state;
  /// none where nobody made them. Other logs may do so at the same time.
  void add(std::span<const float> state, std::span<const float> scores);

  [[nodiscard]] thought take() { return std::move(thought_); }

private:
  void look_at_norm(double norm);
  void look_at_token(std::int32_t best, double entropy);
  [[nodiscard]] std::vector<likely_token> described(std::span<const std::int32_t> ids, std::span<const float> scores,
                                                    double log_sum) const;

  bool explains_;
  const tokenizer& tokenizer_;
  thought thought_;
  std::int64_t steps_ = 0;
  double first_norm_ = 0;
  std::int32_t last_best_ = -1;
  int same_ = 0, certain_ = 0; // steps in a row
  std::vector<float> last_state_;
};

} // namespace avp
