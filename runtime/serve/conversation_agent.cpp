// A conversation put to a model.
#include "runtime/serve/conversation_agent.hpp"

#include <nlohmann/json.hpp>

namespace avp {

namespace {

std::vector<chat_message> messages_in(const std::string& text) {
  std::vector<chat_message> messages;
  for (const auto& one : nlohmann::json::parse(text))
    messages.push_back({one.at("role").get<std::string>(), one.at("content").get<std::string>()});
  return messages;
}

} // namespace

eventually<output> conversation_agent::run(avp::hop& hop) {
  const auto& fields = hop.task().fields;
  auto request = hop.request({});
  if (const auto messages = fields.find("messages"); messages != fields.end())
    request.messages = messages_in(messages->second);
  else if (const auto prompt = fields.find("prompt"); prompt != fields.end())
    request.text = marked_text::trusted(prompt->second);
  else
    request.tokens = nlohmann::json::parse(fields.at("tokens")).get<std::vector<std::int32_t>>();
  request.on_text = hop.listener();
  auto answer = co_await hop.generate(std::move(request));
  co_return output{std::move(answer.text), std::move(answer.context)};
}

} // namespace avp
