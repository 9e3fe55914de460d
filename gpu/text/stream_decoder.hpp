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
        special_(special),
        run_(source.decoder()) {}

  /// Takes the next token and returns the text that is certain now: whole characters, U+FFFD for bytes that can't
  /// become one. Empty while a character is incomplete; where a vocabulary falls back to bytes, until their run ends.
  [[nodiscard]] std::string push(std::int32_t id) {
    if (special_ == special_text::hidden && tokenizer_->is_special(id))
      return {};
    return whole(tokenizer_->decoded_piece(run_, id), false);
  }

  /// Ends the answer: returns what was held back, U+FFFD for a character that stayed incomplete. The decoder can be
  /// used again.
  [[nodiscard]] std::string finish() { return whole(run_.finish(), true); }

private:
  std::string whole(const std::string& bytes, bool last) {
    std::string text;
    held_ += bytes;
    drain_utf8(held_, text, last);
    return text;
  }

  const tokenizer* tokenizer_;
  special_text special_;
  text_decoder::run run_;
  std::string held_; // The beginning of a character, at most three bytes.
};

} // namespace avp
