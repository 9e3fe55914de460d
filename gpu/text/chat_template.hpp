// Writes a conversation the way a model was trained to read it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/text/chat_message.hpp"
#include "gpu/text/jinja/chat_program.hpp"
#include "gpu/text/tokenizer.hpp"
#include "gpu/text/vocabulary.hpp"

namespace avp {

/// What a chat template is given beside the messages: a JSON object as text, empty for none. `strftime_now` in it is a
/// date (YYYY-MM-DD): the one that the template's function of that name writes. Where it is not given the function is
/// undefined, as templates ask before they use it: the same run must give the same tokens tomorrow.
using template_variables = std::string;

/// A chat template (Jinja), executed as transformers does. What messages say stays data, what the template, its
/// variables and the special tokens of the model say is trusted.
class chat_template {
public:
  /// The template of a model, with the texts of its special tokens (`bos_token`, `eos_token`, `unk_token`). Throws
  /// model_error, naming the ways out, when it is empty or can't be read, or when `variables` can't.
  explicit chat_template(const vocabulary& source, const template_variables& variables = {});

  /// The template that `chat_template = "..."` of a `[model.X]` table asks for: "chatml" (no default system text),
  /// "qwen" (ChatML with the default system text of Qwen2.5), "llama3" (without the dates of 3.1), or "none" (contents
  /// with an empty line between them, for models that know no conversations). Throws model_error for another name.
  explicit chat_template(std::string_view name);

  /// The text of `messages`, with the beginning of the assistant's next message when `generation_prompt` is set. Throws
  /// std::invalid_argument for a role other than "system", "user" and "assistant", and with the template's own words
  /// and place where it refuses the messages or fails.
  [[nodiscard]] marked_text render(std::span<const chat_message> messages, bool generation_prompt = true) const;

  /// The tokens of a text that it rendered. The model's own template writes what the text begins with (BOS); with
  /// another one the tokenizer puts it there.
  [[nodiscard]] std::vector<std::int32_t> tokens_of(const marked_text& text, const tokenizer& by) const;

private:
  jinja::chat_program program_;
  jinja::variables variables_; // All but the messages.
  bool is_models_own_ = false;
};

/// The names that `chat_template = "..."` knows.
[[nodiscard]] std::vector<std::string> chat_template_names();

} // namespace avp
