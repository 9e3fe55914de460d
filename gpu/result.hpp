// What a device answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <avp/transport/payload.hpp>

namespace avp {

/// What a request, an agent or a task cost. In tokens (positions) where nothing else is said.
struct counts {
  std::int64_t prompt_tokens = 0;   ///< Rendered and fed.
  std::int64_t computed_tokens = 0; ///< Prompt rows really run; fewer than prompt_tokens where a prefix was shared.
  std::int64_t latent_steps = 0;
  std::int64_t output_tokens = 0; ///< Sampled, the end-of-turn token included.
  std::int64_t attended = 0;      ///< Attention work: query rows times the positions that each looked at.
  std::int64_t cache_bytes = 0;   ///< Of KV-cache written.
  double device_ms = 0;           ///< Its share, by rows, of the forward passes that it was in.

  counts& operator+=(const counts& other);
  bool operator==(const counts&) const = default;
};

/// How sure a model was of its answer: means over its tokens, the end-of-turn token included.
struct certainty {
  double log_probability = 0; ///< Of the token that was chosen, under the model's own distribution, in nats.
  double entropy = 0;         ///< Of that distribution, in nats.
};

/// Why decoding ended.
enum class finish_reason : std::uint8_t { end_of_turn, stop_string, length };

/// The answer to think or generate.
struct result {
  payload context;  ///< Everything fed, thought and decoded so far, except an end-of-turn token.
  std::string text; ///< Empty after think.
  finish_reason finish = finish_reason::end_of_turn;
  std::optional<avp::certainty> certainty; ///< Where generate::wants_certainty.
  avp::counts counts;
  std::int64_t context_tokens = 0; ///< Positions in `context`.
  double queue_ms = 0;             ///< From submission to the first row.
  double run_ms = 0;               ///< From the first row to the end.
};

} // namespace avp
