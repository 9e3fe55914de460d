// What a model reads of a conversation.
#include "runtime/model_prompt.hpp"

#include <iostream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/open_model.hpp"
#include "gpu/text/chat_template.hpp"
#include "gpu/text/json_file.hpp"
#include "gpu/text/template_file.hpp"
#include "gpu/text/tokenizer.hpp"
#include "transport/utf8.hpp"

namespace avp {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string read_text(const std::filesystem::path& path) {
  return path == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_whole_file(path);
}

std::vector<chat_message> read_messages(const std::filesystem::path& path) {
  const auto fail = [&](const std::string& what) {
    throw prompt_error(path.string() + ": " + what +
                       R"(; expected is a JSON array such as [{"role": "user", "content": "Hello"}])");
  };
  const auto all = json::parse(read_text(path), nullptr, false);
  if (!all.is_array())
    fail(all.is_discarded() ? "is not JSON" : "is no array");
  std::vector<chat_message> messages;
  for (const auto& message : all) {
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string() ||
        !message.contains("content") || !message["content"].is_string())
      fail("message " + std::to_string(messages.size() + 1) + " has not a text as its role and one as its content");
    messages.push_back({message["role"], message["content"].get<std::string>()});
  }
  return messages;
}

template_variables read_variables(const std::vector<std::string>& given) {
  auto all = ordered_json::object();
  for (const auto& one : given) {
    if (!is_utf8(one))
      throw prompt_error("--variable must be UTF-8");
    const auto sign = one.find('=');
    if (sign == std::string::npos || sign == 0)
      throw prompt_error("--variable is NAME=VALUE, but \"" + one + "\" was given");
    const auto text = one.substr(sign + 1);
    auto value = ordered_json::parse(text, nullptr, false);
    all[one.substr(0, sign)] = value.is_discarded() ? ordered_json(text) : std::move(value);
  }
  return all.empty() ? template_variables() : all.dump();
}

} // namespace

std::string model_prompt(const prompt_order& order) {
  const auto variables = read_variables(order.variables);
  if (!variables.empty() && is_built_in_template(order.chat_template))
    throw prompt_error("--variable is for the model's own chat template, which --chat-template puts aside");
  const auto messages = read_messages(order.messages);
  const auto file = open_model(resolve_model(order.source));
  template_choice choice{order.chat_template, ""};
  if (const auto path = template_path(choice.name); !path.empty())
    choice.text = read_template_file(path);
  const chat_template chat(file.vocabulary, variables, choice);
  try {
    const auto text = chat.render(messages);
    if (!order.tokens)
      return text.text();
    const tokenizer tokens(file.vocabulary);
    std::string lines;
    for (const auto id : chat.tokens_of(text, tokens)) {
      const std::vector<std::int32_t> one{id};
      const auto shown = json(tokens.decode(one, special_text::shown));
      lines += std::to_string(id) + "\t" + shown.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    }
    return lines;
  } catch (const std::invalid_argument& error) {
    throw prompt_error(error.what());
  }
}

} // namespace avp
