// What a model reads of a conversation.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace avp {

/// A conversation that can't be written for a model: the file, a variable, or the chat template's own refusal.
class prompt_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What `avp-model prompt` is asked.
struct prompt_order {
  std::string source;             ///< A name, a .gguf file or a Hugging Face directory.
  std::filesystem::path messages; ///< A file with a JSON array of {"role": …, "content": …}; "-" is stdin.
  std::string chat_template;      ///< By name, or "file:PATH"; empty: the model's own.
  std::vector<std::string>
      variables;       ///< Of a template that is not built-in, "name=value", a JSON value or else a text.
  bool tokens = false; ///< Its tokens, and not its text.
};

/// The text that the model reads, generation prompt included, as it is; with `tokens` a line for each token: its id, a
/// tab, and what it stands for as JSON text. Contents of messages are data, in which special tokens do not count.
/// Throws prompt_error and model_error.
[[nodiscard]] std::string model_prompt(const prompt_order& order);

} // namespace avp
