// Writes a conversation the way a model was trained to read it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gpu/text/chat_message.hpp"
#include "gpu/text/vocabulary.hpp"

namespace avp {

/// How a family of models writes conversations: ChatML (SmolLM2, Qwen and many more) or Llama 3. Jinja is not
/// evaluated; the parts are taken out of the template's text.
struct chat_template {
  std::string begin;         ///< Before the first message: the beginning-of-text token, or nothing.
  std::string role_open;     ///< Before a message's role.
  std::string role_close;    ///< Between a message's role and its content.
  std::string message_close; ///< After a message's content.
  std::string
      default_system; ///< The system message of a conversation that does not begin with one; empty: there is none.
  std::string system_preamble; ///< Put before the system text; when it is not empty there is always a system message.
  bool trim = false;           ///< Contents lose white space at both ends.

  /// The text of `messages`, with the beginning of the assistant's next message when `generation_prompt` is set.
  /// Contents are put in as they are, with their marks; the template's own text is trusted. Throws
  /// std::invalid_argument for a role other than "system", "user" and "assistant".
  [[nodiscard]] marked_text render(std::span<const chat_message> messages, bool generation_prompt = true) const;
};

/// Recognises the family of a template from its Jinja source and takes the default system text out of it. `bos_text` is
/// the text of the model's beginning-of-text token, for templates that print it. Llama 3.1's system block with dates is
/// written with the date that the template itself falls back to, never today's: the same run must give the same tokens
/// tomorrow. Throws model_error, naming the templates that work and the key that chooses one, when the template is
/// empty, of another family, or does more to plain messages than can be done here (reasoning marks, other separators).
[[nodiscard]] chat_template detect_chat_template(std::string_view jinja_source, std::string_view bos_text = {});

/// Recognises the template of a vocabulary, with its beginning-of-text token. Throws as the other one does.
[[nodiscard]] chat_template detect_chat_template(const vocabulary& source);

/// The template that `chat_template = "..."` of a `[model.X]` table asks for: "chatml" (no default system text), "qwen"
/// (ChatML with the default system text of Qwen2.5) or "llama3" (without the dates of 3.1). Throws model_error for
/// another name.
[[nodiscard]] chat_template chat_template_by_name(std::string_view name);

/// The names that it knows.
[[nodiscard]] std::vector<std::string> chat_template_names();

} // namespace avp
