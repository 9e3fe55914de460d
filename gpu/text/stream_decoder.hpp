// Gives the text of tokens as they come, in whole characters.
#pragma once

#include <cstdint>
#include <string>

#include "gpu/text/tokenizer.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

/// Decodes one answer while it is generated. All that push() and finish() return, joined, is what tokenizer::decode
/// gives for all the tokens at once. For one thread at a time.
class stream_decoder {
public:
  /// `source` must live as long as the decoder.
  explicit stream_decoder(const tokenizer& source, special_text special = special_text::hidden)
      : tokenizer_(&source),
        special_(special) {}

  /// Takes the next token and returns the text that is certain now: whole characters, U+FFFD for bytes that can't
  /// become one. Empty while a character is incomplete.
  [[nodiscard]] std::string push(std::int32_t id) {
    std::string text;
    if (special_ == special_text::shown || !tokenizer_->is_special(id)) {
      held_ += tokenizer_->token_bytes(id);
      drain_utf8(held_, text, false);
    }
    return text;
  }

  /// Ends the answer: returns U+FFFD for a character that stayed incomplete, else nothing. The decoder can be used
  /// again.
  [[nodiscard]] std::string finish() {
    std::string text;
    drain_utf8(held_, text, true);
    return text;
  }

private:
  const tokenizer* tokenizer_;
  special_text special_;
  std::string held_; // The beginning of a character, at most three bytes.
};

} // namespace avp
