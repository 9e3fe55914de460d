// Writes a conversation the way a model was trained to read it.
#include "gpu/text/chat_template.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <optional>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "gpu/model/model_error.hpp"
#include "gpu/text/white_space.hpp"
#include "transport/nearest_name.hpp"

namespace avp {

namespace {

struct named_template {
  std::string_view name;
  std::string_view source;
};

constexpr std::array<named_template, 4> named_templates{{
    {"chatml", R"(
{%- for message in messages -%}
  {{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endfor -%}
{{ '<|im_start|>assistant\n' if add_generation_prompt }})"},
    {"qwen", R"(
{%- if not messages or messages[0].role != 'system' -%}
  {{ '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}
{%- endif -%}
{%- for message in messages -%}
  {{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endfor -%}
{{ '<|im_start|>assistant\n' if add_generation_prompt }})"},
    {"llama3", R"(
{{- '<|begin_of_text|>' -}}
{%- for message in messages -%}
  {{ '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content|trim + '<|eot_id|>' }}
{%- endfor -%}
{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' if add_generation_prompt }})"},
    {"none", R"({{ messages|map(attribute='content')|join('\n\n') }})"},
}};

constexpr std::string_view ways_out =
    ". chat_template = \"chatml\", \"qwen\" or \"llama3\" in its [model.X] table takes one of these, "
    "\"file:PATH.jinja\" "
    "one of your own, and \"none\" none (for a model that was trained on no conversations)";

// The source of a built-in template; nothing where there is none of that name.
std::optional<std::string_view> built_in(std::string_view name) {
  for (const auto& known : named_templates)
    if (known.name == name)
      return known.source;
  return std::nullopt;
}

std::string called(const template_choice& choice) {
  if (built_in(choice.name))
    return "the chat template \"" + choice.name + "\"";
  if (auto path = template_path(choice.name); !path.empty())
    return "the chat template " + path;
  return choice.name.empty() ? "the model's chat template" : "the model's chat template \"" + choice.name + "\"";
}

std::string source_of(const vocabulary& model, const template_choice& choice) {
  if (const auto source = built_in(choice.name))
    return std::string(*source);
  if (!template_path(choice.name).empty())
    return choice.text;
  if (choice.name.empty() || choice.name == "default")
    return model.chat_template;
  if (const auto found = model.named_templates.find(choice.name); found != model.named_templates.end())
    return found->second;
  auto names = chat_template_names();
  for (const auto& [name, text] : model.named_templates)
    names.push_back(name);
  throw model_error("[chat_template] chat_template = \"" + choice.name +
                    "\" of a [model.X] table is neither built-in " + "nor a template of the model" +
                    name_hint(choice.name, names) + R"(. A template of your own is "file:PATH.jinja")");
}

jinja::chat_program compiled(const template_choice& choice, std::string_view source) {
  const auto help = template_path(choice.name).empty() ? std::string(ways_out) : "";
  if (stripped(source).empty())
    throw model_error("[chat_template] " +
                      (choice.name.empty() ? "the model has no chat template" : called(choice) + " is empty") + help);
  try {
    return jinja::chat_program::compile(source);
  } catch (const jinja::error& error) {
    throw model_error("[chat_template] " + called(choice) + " can't be read: " + std::string(error.what()) + help);
  }
}

jinja::value date_function(const nlohmann::ordered_json& date) {
  constexpr std::size_t length = std::string_view("2026-01-31").size();
  std::tm now{};
  const bool is_date = date.is_string() && date.get_ref<const std::string&>().size() == length &&
                       strptime(date.get_ref<const std::string&>().c_str(), "%Y-%m-%d", &now) != nullptr;
  const std::chrono::year_month_day day(std::chrono::year(now.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(now.tm_mon + 1)),
                                        std::chrono::day(static_cast<unsigned>(now.tm_mday)));
  if (!is_date || !day.ok())
    throw model_error("[chat_template] strftime_now of a [model.X.template] table is the date that the chat template "
                      "is to write, such as \"2026-01-31\", but is " +
                      date.dump());
  return jinja::strftime_function(now);
}

void add_variables(const template_variables& text, jinja::variables& to) {
  if (text.empty())
    return;
  const auto all = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!all.is_object())
    throw model_error("[chat_template] the variables of the chat template are no JSON object");
  for (const auto& [name, value] : all.items())
    try {
      to[name] = name == "strftime_now" ? date_function(value) : jinja::value::from_json(value, jinja::origin::trusted);
    } catch (const jinja::fault& fault) {
      throw model_error("[chat_template] " + name + " of a [model.X.template] table: " + fault.what());
    }
}

// As transformers has it where a conversation has no tools.
jinja::variables usual_variables() { return {{"tools", nullptr}, {"documents", nullptr}}; }

} // namespace

std::string template_path(std::string_view choice) {
  constexpr std::string_view prefix = "file:";
  return choice.starts_with(prefix) ? std::string(choice.substr(prefix.size())) : "";
}

chat_template::chat_template(const vocabulary& source, const template_variables& variables,
                             const template_choice& choice)
    : is_built_in_(is_built_in_template(choice.name)),
      called_(called(choice)),
      program_(compiled(choice, source_of(source, choice))),
      variables_(usual_variables()) {
  if (is_built_in_)
    return;
  const auto add_token = [&](const char* name, std::optional<std::int32_t> id) {
    if (id && *id >= 0 && static_cast<std::size_t>(*id) < source.tokens.size())
      variables_[name] = jinja::value::trusted(source.tokens[static_cast<std::size_t>(*id)].text);
  };
  add_token("bos_token", source.bos);
  add_token("unk_token", source.unknown);
  if (!source.end_of_turn.empty())
    add_token("eos_token", source.end_of_turn.front());
  add_variables(variables, variables_);
}

marked_text chat_template::render(std::span<const chat_message> messages, bool generation_prompt) const {
  std::vector<jinja::value> all;
  for (const chat_message& message : messages) {
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      throw std::invalid_argument("[chat_template] a message has the role \"" + message.role +
                                  "\", but the roles are system, user and assistant");
    jinja::mapping entry;
    entry.put(jinja::value::trusted("role"), jinja::value::trusted(message.role));
    entry.put(jinja::value::trusted("content"), message.content);
    all.emplace_back(std::move(entry));
  }
  auto given = variables_;
  given["messages"] = jinja::value::list(std::move(all));
  given["add_generation_prompt"] = generation_prompt;
  try {
    return program_.render(given);
  } catch (const jinja::error& error) {
    const bool wants_date = error.message().find("strftime_now") != std::string::npos;
    throw std::invalid_argument(
        "[chat_template] " + called_ + " can't write these messages: " + std::string(error.what()) +
        (wants_date ? ". strftime_now = \"2026-01-31\" in a [model.X.template] table gives it a date" : ""));
  }
}

std::vector<std::int32_t> chat_template::tokens_of(const marked_text& text, const tokenizer& by) const {
  return is_built_in_ ? by.encode_whole(text) : by.encode(text);
}

std::vector<std::string> chat_template_names() {
  std::vector<std::string> names;
  for (const auto& known : named_templates)
    names.emplace_back(known.name);
  return names;
}

bool is_built_in_template(std::string_view name) { return built_in(name).has_value(); }

void check_template_file(const template_choice& choice) {
  [[maybe_unused]] const auto program = compiled(choice, choice.text);
}

} // namespace avp
