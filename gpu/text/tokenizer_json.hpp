// Reads the tokenizer of a Hugging Face directory.
#pragma once

#include <filesystem>
#include <string>

#include "gpu/text/vocabulary.hpp"

namespace avp {

/// Reads `directory`/tokenizer.json, or tokenizer.model where there is none, and, where they are there, what
/// tokenizer_config.json, chat_template.json, chat_template.jinja, additional_chat_templates/NAME.jinja,
/// generation_config.json and config.json say about the beginning of text, the end of a turn and chat templates. Works
/// for models of the types BPE and Unigram. Throws model_error with the file's path, what was found and what works,
/// when a file is missing or damaged, its model is of another type, or a step of it can't be taken exactly as the
/// library tokenizers takes it.
[[nodiscard]] vocabulary read_tokenizer_json(const std::filesystem::path& directory);

/// The vocabulary in the text of a tokenizer.json alone, without the end of a turn and the chat template; `path` is for
/// messages. Throws as the other one does.
[[nodiscard]] vocabulary parse_tokenizer_json(const std::string& text, const std::filesystem::path& path);

} // namespace avp
