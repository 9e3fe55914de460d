// The arithmetic of one model on rows of many sequences: rows in, hidden states, scores and inputs of latent steps out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/engine/loaded_model.hpp"

namespace avp {

/// The next rows of one sequence, which has blocks for them.
struct input_rows {
  const sequence* blocks = nullptr;
  std::int64_t count = 0;
  std::span<const std::int32_t> tokens; ///< As many as rows; none where they are vectors:
  at::Tensor vectors;                   ///< [rows, hidden], of latent steps and injected rows.
  std::int64_t states = 0;              ///< Of so many rows, the last ones, the hidden state is asked for.
};

/// What came of them.
struct output_rows {
  at::Tensor hidden;                 ///< [states, hidden] float32, where some were asked for.
  std::optional<std::string> broken; ///< Which position is the first that is not finite, and where; for people.
};

/// What the latent steps that come next are made of.
struct latent_rows {
  std::vector<at::Tensor> inputs; ///< [hidden] for each state, undefined where it is not finite.
  at::Tensor scores; ///< Over the vocabulary, [states, vocab] float32 in the CPU's memory; may be undefined.
};

/// Runs a model. Knows no request.
class model_runner {
public:
  model_runner(std::shared_ptr<loaded_model> model, std::shared_ptr<block_pool> pool)
      : model_(std::move(model)),
        pool_(std::move(pool)) {}

  /// States that logits() and latent_inputs() are to be given at once, at most: each has a whole vocabulary of scores.
  static constexpr std::size_t most_states = 64;

  /// One forward pass. Keys and values go into the blocks, whatever they are.
  [[nodiscard]] std::vector<output_rows> forward(std::span<const input_rows> inputs) const;

  /// Scores over the vocabulary of states [1, hidden] each: [states, vocab] float32 in the CPU's memory.
  [[nodiscard]] at::Tensor logits(std::span<const at::Tensor> states) const;

  /// The inputs of the latent steps that follow states [1, hidden] each. Scores come where they are wanted, or had to
  /// be made anyway and lie in the CPU's memory.
  [[nodiscard]] latent_rows latent_inputs(std::span<const at::Tensor> states, bool wants_scores) const;

private:
  [[nodiscard]] row_batch batch_of(std::span<const input_rows> inputs) const;
  [[nodiscard]] std::optional<std::string> broken_row(std::int64_t first_position,
                                                      std::span<const std::int64_t> broken_in) const;

  std::shared_ptr<loaded_model> model_;
  std::shared_ptr<block_pool> pool_;
};

} // namespace avp
