// SentencePiece's unigram model.
#pragma once

#include "gpu/text/piece_trie.hpp"
#include "gpu/text/subword_model.hpp"

namespace avp {

/// The pieces whose scores have the greatest sum (Kudo 2018, "Subword Regularization", without the sampling), found by
/// Viterbi's algorithm; neighbours that are no pieces are one unknown, which falls back to bytes where the model does.
/// As in the library tokenizers. Takes time in proportion to the text.
class unigram_model : public subword_model {
public:
  /// Throws model_error when there is no unknown token.
  unigram_model(const vocabulary& source, std::shared_ptr<const token_ids> ids);

  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const override;

private:
  void append_unknown(std::string_view text, std::vector<std::int32_t>& ids) const;

  plain_tokens plain_;
  byte_tokens fallback_;
  piece_trie pieces_;
  std::vector<double> scores_; // By id.
  double unknown_score_;
  std::int32_t unknown_;
};

} // namespace avp
