// What SentencePiece does around its models.
#pragma once

#include "gpu/text/vocabulary.hpp"

namespace avp {

/// Adds the steps to a vocabulary of SentencePiece: blanks become a mark, "▁", and with `adds_prefix` a text gets one
/// in front; characters that are no tokens become bytes.
void add_sentencepiece_steps(bool adds_prefix, vocabulary& to);

} // namespace avp
