// How an answer is decoded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/sampling.hpp"

namespace avp {

/// What a request to generate asks of the tokens to come; as generate has it.
struct answer_settings {
  int max_new_tokens = 0;
  avp::sampling sampling;
  std::vector<std::string> stop;
  std::uint64_t seed = 0;
  std::function<void(std::string_view)> on_text;
  bool wants_certainty = false;
  std::vector<std::int32_t> fed; ///< Tokens that the repetition penalty counts from the start.
};

} // namespace avp
