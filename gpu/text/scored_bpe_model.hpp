// SentencePiece's BPE: merges by the score of what they make.
#pragma once

#include "gpu/text/subword_model.hpp"

namespace avp {

/// Neighbours whose joined text is a token become it, the highest score first and the leftmost among equals, as in
/// SentencePiece and llama.cpp. Takes O(n log n) for n characters.
class scored_bpe_model : public subword_model {
public:
  /// Throws model_error when a byte has no token and there is no unknown token either.
  scored_bpe_model(const vocabulary& source, std::shared_ptr<const token_ids> ids);

  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const override;

private:
  plain_tokens plain_;
  byte_tokens fallback_;
  std::vector<float> scores_; // By id.
  std::optional<std::int32_t> unknown_;
};

} // namespace avp
