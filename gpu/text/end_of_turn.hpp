// Which tokens end an answer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/text/vocabulary.hpp"

namespace avp {

/// The tokens that end an answer: those that the model file declares, in its order, then the tokens of `tokens` that
/// mean nothing else in the families that work (`<|im_end|>`, `<|eot_id|>`, `<|eom_id|>`, `<|end_of_text|>`,
/// `<|endoftext|>`), because files often declare only one. Declared ids outside of `tokens` are left out, and none
/// comes twice.
[[nodiscard]] std::vector<std::int32_t> end_of_turn_tokens(std::span<const vocabulary_token> tokens,
                                                           std::span<const std::int32_t> declared);

} // namespace avp
