// From scores over one vocabulary to inputs of a model with another one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "gpu/model/vocabulary_table.hpp"
#include "gpu/projection.hpp"
#include "gpu/text/shared_tokens.hpp"

namespace avp {

/// Scores that a source's head gave to its own tokens, and how they are to be read.
struct source_scores {
  std::span<const float> scores;         ///< One for each row of the source's head.
  const shared_tokens* shared = nullptr; ///< The source's tokens and the target's; one pair at least.
  avp::pairing pairing = pairing::bytes; ///< By which those were found.
  double temperature = 1;                ///< Above 0.
  double hidden_state_norm = 0;          ///< Of the state that was scored.
};

/// What they come to.
struct projected_input {
  std::vector<float> embedding; ///< An input embedding of the target, `hidden` values as those of its tokens are fed.
  projection_facts facts;
};

/// Projects onto one model as the AVP SDK does (its `vocab_mediated` and `vocab_overlap`): the softmax over the tokens
/// that both models have mixes the target's input embeddings, and what comes out is made as long as these are on
/// average. So no map has to be learned or kept. Embeddings are those that the model is fed with, its scale included.
class projector {
public:
  /// Measures the rows of a table [rows, hidden], which must live as long, whose embeddings are fed times `scale`.
  projector(const vocabulary_table& inputs, std::int64_t rows, double scale, at::Device device);

  /// The mean length of all rows of the table, those of padding included, as they are fed.
  [[nodiscard]] double target_norm() const { return target_norm_; }

  /// Projects several at once; what one comes to does not depend on the others.
  [[nodiscard]] std::vector<projected_input> project(std::span<const source_scores> sources) const;

private:
  const vocabulary_table& inputs_;
  std::int64_t rows_;
  at::Device device_;
  std::vector<float> norms_; // of the rows, without scale
  double target_norm_ = 0;
};

} // namespace avp
