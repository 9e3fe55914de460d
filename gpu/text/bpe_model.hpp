// BPE with ranked merges, over bytes or over characters.
#pragma once

#include <array>

#include "gpu/text/merge_table.hpp"
#include "gpu/text/subword_model.hpp"

namespace avp {

/// The BPE of the library tokenizers.
class bpe_model : public subword_model {
public:
  /// Throws model_error when a merge speaks of tokens that the vocabulary lacks.
  bpe_model(const vocabulary& source, std::shared_ptr<const token_ids> ids);

  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const override;

private:
  void add_merges(const vocabulary& source, const token_ids& ids);
  [[nodiscard]] bool encode_whole(std::string_view piece, std::vector<std::int32_t>& ids) const;
  [[nodiscard]] std::vector<std::int32_t> symbols_of(std::string_view piece) const;

  merge_table merges_;
  plain_tokens plain_;
  byte_tokens fallback_;
  std::array<std::int32_t, 256> byte_ids_{}; // Of a byte-level model: the token of each byte, or -1.
  bool is_byte_level_;
  bool ignore_merges_;
  bool fuse_unknown_;
  std::optional<std::int32_t> unknown_; // None where it would end an answer.
};

} // namespace avp
