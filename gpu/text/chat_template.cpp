// Writes a conversation the way a model was trained to read it.
#include "gpu/text/chat_template.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <stdexcept>

#include "gpu/model/model_error.hpp"
#include "gpu/text/jinja_literals.hpp"
#include "gpu/text/white_space.hpp"

namespace avp {

namespace {

constexpr std::string_view llama3_begin = "<|begin_of_text|>";
constexpr std::string_view knowledge_date = "Cutting Knowledge Date: ";
constexpr std::string_view today_date = "Today Date: ";

chat_template chatml_parts() {
  return {.role_open = "<|im_start|>", .role_close = "\n", .message_close = "<|im_end|>\n"};
}

chat_template llama3_parts() {
  return {.role_open = "<|start_header_id|>", .role_close = "<|end_header_id|>\n\n", .message_close = "<|eot_id|>"};
}

[[noreturn]] void refuse(const std::string& reason) {
  throw model_error(
      "[chat_template] the model's chat template can't be used: " + reason +
      ". Templates that work are ChatML, Qwen (ChatML with a default system text) and Llama 3; if the model was "
      "trained on one of them, put chat_template = \"chatml\", \"qwen\" or \"llama3\" into its [model.X] table");
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return contains(text, part); });
}

/// The first text that is assigned to a variable whose name ends with `variable`.
std::optional<std::string> assigned_text(const jinja_literals& source, const std::string& variable) {
  for (const auto& literal : source.texts)
    if (literal.code_before.ends_with(variable + "=") && !literal.text.empty())
      return literal.text;
  return std::nullopt;
}

/// The system text that the template writes where a conversation has none: spelled out as a whole message, or kept in a
/// variable for it.
std::string find_default_system(const jinja_literals& source, const chat_template& parts) {
  const std::string open = parts.role_open + "system" + parts.role_close;
  const std::string close(stripped(parts.message_close));
  for (const auto& literal : source.texts) {
    const std::size_t begin = literal.text.find(open);
    if (begin == std::string::npos)
      continue;
    const std::size_t content = begin + open.size();
    const std::size_t end = literal.text.find(close, content);
    if (end != std::string::npos && end > content)
      return literal.text.substr(content, end - content);
  }
  return assigned_text(source, "system_message").value_or("");
}

/// The lines of Llama 3.1 that say how old the model's knowledge is, and the date of "today".
std::string find_system_preamble(const jinja_literals& source) {
  if (!contains(source.joined, knowledge_date))
    return {};
  const auto date = assigned_text(source, "date_string");
  for (std::size_t i = 0; i + 2 < source.texts.size(); ++i) {
    const std::string& line = source.texts[i].text;
    if (date && line.starts_with(knowledge_date) && line.ends_with('\n') && source.texts[i + 1].text == today_date &&
        source.texts[i + 2].text == "\n\n")
      return line + std::string(today_date) + *date + "\n\n";
  }
  refuse("it writes dates into the system message in a way that is not Llama 3.1's");
}

/// Whether every message ends in the source as the family has it, and the generation prompt is the family's.
bool has_parts(const jinja_literals& source, const chat_template& parts) {
  const std::string close(stripped(parts.message_close));
  for (std::size_t at = source.joined.find(close); at != std::string::npos; at = source.joined.find(close, at + 1))
    if (source.joined.compare(at, parts.message_close.size(), parts.message_close) != 0)
      return false;
  return contains(source.joined, parts.role_open + "assistant" + parts.role_close);
}

} // namespace

marked_text chat_template::render(std::span<const chat_message> messages, bool generation_prompt) const {
  auto text = marked_text::trusted(begin);
  const auto add = [&](const std::string& role, const std::string& before, const marked_text& content) {
    text += marked_text::trusted(role_open + role + role_close + before);
    text += trim ? content.trimmed() : content;
    text += marked_text::trusted(message_close);
  };
  const bool has_system = !messages.empty() && messages.front().role == "system";
  if (!has_system && !(default_system.empty() && system_preamble.empty()))
    add("system", system_preamble, marked_text::trusted(default_system));
  for (const chat_message& message : messages) {
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      throw std::invalid_argument("[chat_template] a message has the role \"" + message.role +
                                  "\", but the roles are system, user and assistant");
    const bool first_system = has_system && &message == &messages.front();
    add(message.role, first_system ? system_preamble : std::string(), message.content);
  }
  if (generation_prompt)
    text += marked_text::trusted(role_open + "assistant" + role_close);
  return text;
}

chat_template detect_chat_template(std::string_view jinja_source, std::string_view bos_text) {
  const jinja_literals source = read_jinja_literals(jinja_source);
  if (stripped(jinja_source).empty())
    refuse("the model file has none");
  const bool llama3 = contains(source.joined, "<|start_header_id|>") && contains(source.joined, "<|eot_id|>");
  if (!llama3 && !(contains(source.joined, "<|im_start|>") && contains(source.joined, "<|im_end|>")))
    refuse("it is of an unknown family (it begins with: " + std::string(jinja_source.substr(0, 80)) + ")");

  chat_template found = llama3 ? llama3_parts() : chatml_parts();
  if (contains(source.joined, "<think>"))
    refuse("it writes the marks of a reasoning model (<think>) into messages");
  if (contains(source.code, "strip("))
    refuse("it cuts something off contents (strip)");
  if (!has_parts(source, found))
    refuse(std::string("it looks like ") + (llama3 ? "Llama 3" : "ChatML") +
           " but separates messages or begins the answer in another way");
  if (contains(source.code, "bos_token")) {
    if (bos_text.empty() && !llama3)
      refuse("it begins with the beginning-of-text token, but the model file names none");
    found.begin = bos_text.empty() ? llama3_begin : bos_text;
  } else if (llama3 && contains(source.joined, llama3_begin)) {
    found.begin = llama3_begin;
  }
  found.trim = contains_any(source.code, {"[]|trim", "content|trim"});
  found.default_system = find_default_system(source, found);
  if (llama3)
    found.system_preamble = find_system_preamble(source);
  return found;
}

chat_template detect_chat_template(const vocabulary& source) {
  std::string_view bos;
  if (source.bos && *source.bos >= 0 && static_cast<std::size_t>(*source.bos) < source.tokens.size())
    bos = source.tokens[static_cast<std::size_t>(*source.bos)].text;
  return detect_chat_template(source.chat_template, bos);
}

namespace {

chat_template qwen_parts() {
  chat_template qwen = chatml_parts();
  qwen.default_system = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";
  return qwen;
}

chat_template whole_llama3_parts() {
  chat_template llama3 = llama3_parts();
  llama3.begin = llama3_begin;
  llama3.trim = true;
  return llama3;
}

struct named_template {
  std::string_view name;
  chat_template (*make)();
};

constexpr std::array<named_template, 3> named_templates{
    {{"chatml", chatml_parts}, {"qwen", qwen_parts}, {"llama3", whole_llama3_parts}}};

} // namespace

chat_template chat_template_by_name(std::string_view name) {
  for (const auto& known : named_templates)
    if (known.name == name)
      return known.make();
  throw model_error("[chat_template] chat_template = \"" + std::string(name) +
                    "\" of a [model.X] table is unknown; the known ones are \"chatml\", \"qwen\" and \"llama3\"");
}

std::vector<std::string> chat_template_names() {
  std::vector<std::string> names;
  for (const auto& known : named_templates)
    names.emplace_back(known.name);
  return names;
}

} // namespace avp
