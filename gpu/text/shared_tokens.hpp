// Which tokens two vocabularies have in common.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "gpu/projection.hpp"
#include "gpu/text/tokenizer.hpp"

namespace avp {

/// The tokens of one vocabulary that another one has, too.
struct shared_tokens {
  bool are_all = false; ///< Both vocabularies are one, so each token is that of its id.
  std::vector<std::pair<std::int32_t, std::int32_t>> ids; ///< In the one and in the other, ascending by the first.
};

/// Pairs tokens, each with one at most. By bytes, a byte-level "Ġthe" is SentencePiece's "▁the"; special tokens pair by
/// their names, where both vocabularies are byte-level or neither is, and not between the two kinds: there the same
/// name need not mean the same. Where several tokens stand for the same bytes, a normal one counts before others and
/// the first one before later ones.
[[nodiscard]] shared_tokens shared_between(const tokenizer& source, const tokenizer& target,
                                           pairing by = pairing::bytes);

} // namespace avp
