// What a device answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gpu/thought.hpp"
#include "gpu/vocabulary_scores.hpp"
#include "transport/payload.hpp"

namespace avp {

/// What a request, an agent or a task cost. In tokens (positions) where nothing else is said. Rows that are run again
/// to build what memory was too short for are not in it.
struct counts {
  std::int64_t prompt_tokens = 0;   ///< Rendered and fed.
  std::int64_t computed_tokens = 0; ///< Prompt rows really run; fewer than prompt_tokens where a prefix was shared.
  std::int64_t latent_steps = 0;
  std::int64_t output_tokens = 0;   ///< Sampled, the end-of-turn token included.
  std::int64_t guessed_tokens = 0;  ///< Guessed ahead of being sampled, each with a row of its own.
  std::int64_t accepted_tokens = 0; ///< Of these, the ones that were then sampled: rows that saved a pass.
  std::int64_t attended = 0;        ///< Attention work: positions that its rows looked at, each row itself included.
  std::int64_t cache_bytes = 0;     ///< Of KV-cache written or moved; what is shared or continued on is not.
  double device_ms = 0;             ///< Its share, by rows, of the passes that it was in, and the time of moving.

  counts& operator+=(const counts& other);

  /// Whether the work was the same. Time is measured, not counted: device_ms may differ. So may guesses, which take the
  /// room that others leave.
  bool operator==(const counts& other) const;
};

/// How sure a model was of its answer: means over its tokens, the end-of-turn token included.
struct certainty {
  double log_probability = 0; ///< Of the token that was chosen, under the model's own distribution, in nats.
  double entropy = 0;         ///< Of that distribution, in nats.
};

/// Why decoding ended.
enum class finish_reason : std::uint8_t { end_of_turn, stop_string, length };

/// The answer to a request.
struct result {
  payload context;  ///< Everything fed, thought and decoded so far, except an end-of-turn token.
  std::string text; ///< Of generate.
  finish_reason finish = finish_reason::end_of_turn;
  std::optional<avp::certainty> certainty;         ///< Where generate::wants_certainty.
  std::shared_ptr<const vocabulary_scores> scores; ///< Of score_next.
  avp::thought thought;                            ///< Of think.
  avp::counts counts;
  std::int64_t context_tokens = 0; ///< Positions in `context`.
  double queue_ms = 0;             ///< From submission to the first row.
  double run_ms = 0;               ///< From the first row to the end.
};

} // namespace avp
