// Reads the tokenizer of a Hugging Face directory.
#pragma once

#include <filesystem>

#include "gpu/text/vocabulary.hpp"

namespace avp {

/// Reads `directory`/tokenizer.json and, where they are there, what tokenizer_config.json, chat_template.jinja,
/// generation_config.json and config.json say about the beginning of text, the end of a turn and the chat template.
/// Works for byte-level BPE with the pre-tokenizers of GPT-2, SmolLM2, Llama 3 and Qwen2. Throws model_error with the
/// file's path, what was found and what works, when a file is missing or damaged or its tokenizer is of another kind
/// (SentencePiece, Unigram, other patterns). A normalizer NFC is accepted and not applied: see tokenizer::encode.
[[nodiscard]] vocabulary read_tokenizer_json(const std::filesystem::path& directory);

} // namespace avp
