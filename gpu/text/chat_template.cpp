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
    ". chat_template = \"chatml\", \"qwen\" or \"llama3\" in its [model.X] table takes one of these, and \"none\" none "
    "(for a model that was trained on no conversations)";

jinja::chat_program compiled(std::string_view source) {
  if (stripped(source).empty())
    throw model_error("[chat_template] the model has no chat template" + std::string(ways_out));
  try {
    return jinja::chat_program::compile(source);
  } catch (const jinja::error& error) {
    throw model_error("[chat_template] the model's chat template can't be read: " + std::string(error.what()) +
                      std::string(ways_out));
  }
}

std::string_view source_named(std::string_view name) {
  for (const auto& known : named_templates)
    if (known.name == name)
      return known.source;
  throw model_error("[chat_template] chat_template = \"" + std::string(name) + "\" of a [model.X] table is unknown" +
                    name_hint(name, chat_template_names()));
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

chat_template::chat_template(const vocabulary& source, const template_variables& variables)
    : program_(compiled(source.chat_template)),
      variables_(usual_variables()),
      is_models_own_(true) {
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

chat_template::chat_template(std::string_view name)
    : program_(compiled(source_named(name))),
      variables_(usual_variables()) {}

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
        "[chat_template] the model's chat template can't write these messages: " + std::string(error.what()) +
        (wants_date ? ". strftime_now = \"2026-01-31\" in a [model.X.template] table gives it a date" : ""));
  }
}

std::vector<std::int32_t> chat_template::tokens_of(const marked_text& text, const tokenizer& by) const {
  return is_models_own_ ? by.encode(text) : by.encode_whole(text);
}

std::vector<std::string> chat_template_names() {
  std::vector<std::string> names;
  for (const auto& known : named_templates)
    names.emplace_back(known.name);
  return names;
}

} // namespace avp
