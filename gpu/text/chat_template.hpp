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

/// Which chat template is to be taken, as `chat_template = "..."` of a `[model.X]` table says it.
struct template_choice {
  std::string name; ///< Built-in, or of the model; or "file:PATH". Empty or "default": the model's own.
  std::string text; ///< Of "file:PATH": what stands in the file.
};

/// The path in "file:PATH"; empty for a choice that is no file.
[[nodiscard]] std::string template_path(std::string_view choice);

/// A chat template (Jinja), executed as transformers does. What messages say stays data, what the template, its
/// variables and the special tokens of the model say is trusted.
class chat_template {
public:
  /// The template that is chosen, with the texts of the model's special tokens (`bos_token`, `eos_token`,
  /// `unk_token`). Built-in are "chatml" (no default system text), "qwen" (ChatML with the default system text of
  /// Qwen2.5), "llama3" (without the dates of 3.1), and "none" (contents with an empty line between them, for models
  /// that know no conversations); such a name means the built-in template also where a model has one of that name, and
  /// `variables` are not for them. Throws model_error, naming the ways out, where there is no such template, it is
  /// empty or can't be read, or `variables` can't.
  explicit chat_template(const vocabulary& source, const template_variables& variables = {},
                         const template_choice& choice = {});

  /// The text of `messages`, with the beginning of the assistant's next message when `generation_prompt` is set. Throws
  /// std::invalid_argument for a role other than "system", "user" and "assistant", and with the template's own words
  /// and place where it refuses the messages or fails.
  [[nodiscard]] marked_text render(std::span<const chat_message> messages, bool generation_prompt = true) const;

  /// The tokens of a text that it rendered. A template of the model or of a file writes what the text begins with
  /// (BOS); with built-in one the tokenizer puts it there.
  [[nodiscard]] std::vector<std::int32_t> tokens_of(const marked_text& text, const tokenizer& by) const;

private:
  bool is_built_in_;
  std::string called_; ///< In messages: "the model's chat template".
  jinja::chat_program program_;
  jinja::variables variables_; ///< All but the messages.
};

/// The names of the built-in templates.
[[nodiscard]] std::vector<std::string> chat_template_names();

/// Whether a name is one of them.
[[nodiscard]] bool is_built_in_template(std::string_view name);

/// Throws model_error where the text of the file of a choice is no template, with the place in it.
void check_template_file(const template_choice& choice);

} // namespace avp
