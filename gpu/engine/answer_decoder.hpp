// The answer of one request as it is decoded, token by token.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "gpu/engine/answer_settings.hpp"
#include "gpu/engine/sampler.hpp"
#include "gpu/engine/stop_matcher.hpp"
#include "gpu/result.hpp"
#include "gpu/text/stream_decoder.hpp"

namespace avp {

/// Chooses tokens and makes text of them, up to the end.
class answer_decoder {
public:
  /// `tokens` have to live as long.
  answer_decoder(answer_settings settings, const tokenizer& tokens);

  /// Chooses the next token from logits [vocab], which are changed. Other answers may do so at the same time.
  [[nodiscard]] std::int32_t choose(std::span<float> logits);

  /// Goes on with the token that was chosen. Returns whether it is a part of the answer: false for an end of turn.
  /// Throws what on_text throws.
  bool take(std::int32_t token);

  /// Whether no more tokens are to be chosen.
  [[nodiscard]] bool is_through() const { return is_through_; }
  [[nodiscard]] finish_reason finish() const { return finish_; }

  /// Tokens that were chosen, an end of turn included.
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }

  /// Tokens that may still be chosen.
  [[nodiscard]] std::int64_t tokens_left() const { return settings_.max_new_tokens - tokens_; }
  [[nodiscard]] const std::string& text() const { return text_; }

  /// Where it was asked for.
  [[nodiscard]] std::optional<certainty> how_certain() const;

private:
  void show(const std::string& text);
  void end(finish_reason reason);

  answer_settings settings_;
  const tokenizer& tokenizer_;
  sampler sampler_;
  stop_matcher stop_;
  stream_decoder stream_;
  certainty sums_; // over tokens
  std::int64_t tokens_ = 0;
  std::string text_;
  bool is_through_ = false;
  finish_reason finish_ = finish_reason::end_of_turn;
};

} // namespace avp
