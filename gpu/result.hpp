// What a device answers.
#pragma once

#include <cstdint>
#include <string>

#include <avp/transport/payload.hpp>

namespace avp {

/// What a request, an agent or a task cost. All in tokens (positions).
struct counts {
  std::int64_t prompt_tokens = 0;   ///< Rendered and fed.
  std::int64_t computed_tokens = 0; ///< Prompt rows really run; fewer than prompt_tokens where a prefix was shared.
  std::int64_t latent_steps = 0;
  std::int64_t output_tokens = 0; ///< Sampled, the end-of-turn token included.

  counts& operator+=(const counts& other);
  bool operator==(const counts&) const = default;
};

/// Why decoding ended.
enum class finish_reason : std::uint8_t { end_of_turn, stop_string, length };

/// The answer to think or generate.
struct result {
  payload context;  ///< Everything fed, thought and decoded so far, except an end-of-turn token.
  std::string text; ///< Empty after think.
  finish_reason finish = finish_reason::end_of_turn;
  avp::counts counts;
  std::int64_t context_tokens = 0; ///< Positions in `context`.
  double queue_ms = 0;             ///< From submission to the first row.
  double run_ms = 0;               ///< From the first row to the end.
};

} // namespace avp
