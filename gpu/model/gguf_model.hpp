// What a GGUF file means: configuration, vocabulary and weights under their Hugging Face names.
#pragma once

#include <filesystem>

#include "gpu/model/gguf.hpp"
#include "gpu/model/model_file.hpp"

namespace avp {

/// Reads the vocabulary from the keys tokenizer.*. Throws model_error when they are missing, contradict each other or
/// describe a tokenizer that is neither byte-level BPE with a known way of splitting nor of SentencePiece's two kinds.
[[nodiscard]] vocabulary read_gguf_vocabulary(const gguf_file& file);

/// Opens a GGUF file of the architecture of a family that there is. Which weights it must have is left to open_model.
[[nodiscard]] model_file read_gguf_model(const std::filesystem::path& path);

} // namespace avp
