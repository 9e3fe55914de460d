// Reads tokenizer.model, the file of SentencePiece.
#pragma once

#include <filesystem>
#include <string>

#include "gpu/text/vocabulary.hpp"

namespace avp {

/// The vocabulary of a tokenizer.model: unigram and BPE, with pieces for bytes and without. It says which tokens begin
/// and end a text (`bos`, `end_of_turn`), and not whether they are put there. Throws model_error when the file is
/// damaged, or when it replaces characters (a precompiled_charsmap), takes blanks out or writes them behind words,
/// or when it both puts one in front of texts and has pieces of its user.
[[nodiscard]] vocabulary read_sentencepiece_model(const std::filesystem::path& path);

/// The same of the bytes of such a file; `path` is for messages.
[[nodiscard]] vocabulary parse_sentencepiece_model(const std::string& bytes, const std::filesystem::path& path);

} // namespace avp
