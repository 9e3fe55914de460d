// The body of a request to /v1/chat/completions.
#include "runtime/serve/api_error.hpp"
#include "runtime/serve/request_settings.hpp"

namespace avp {

namespace {

using nlohmann::ordered_json;

class turn_reader {
public:
  turn_reader(const ordered_json& message, std::size_t place) : message_(message), place_(place) {}

  chat_turn read() {
    if (!message_.is_object())
      refuse("", "expected an object with role and content, found " + std::string(message_.type_name()));
    return {role(), text()};
  }

private:
  [[noreturn]] void refuse(const std::string& below, const std::string& message) const {
    const auto param = "messages[" + std::to_string(place_) + "]" + below;
    throw request_refused({.message = param + ": " + message, .param = param});
  }

  [[nodiscard]] std::string role() const {
    const auto found = message_.find("role");
    if (found == message_.end() || !found->is_string())
      refuse(".role", "expected \"system\", \"developer\", \"user\", \"assistant\" or \"tool\"");
    auto role = found->get<std::string>();
    if (role == "developer")
      return "system";
    if (role != "system" && role != "user" && role != "assistant" && role != "tool" && role != "function")
      refuse(".role", "expected system, developer, user, assistant or tool, found \"" + role + "\"");
    return role == "function" ? "tool" : role;
  }

  /// The text of the content, which may come as a string, in parts, or (where a message only called tools) not at all.
  [[nodiscard]] std::string text() const {
    const auto found = message_.find("content");
    if (found == message_.end() || found->is_null())
      return "";
    if (found->is_string())
      return found->get<std::string>();
    if (!found->is_array())
      refuse(".content", "expected a string, a list of parts, or null");
    std::string all;
    for (const auto& part : *found)
      all += text_of_part(part);
    return all;
  }

  [[nodiscard]] std::string text_of_part(const ordered_json& part) const {
    if (part.is_string())
      return part.get<std::string>();
    const auto is_text = [&](const char* key) {
      return part.is_object() && part.contains(key) && part.at(key).is_string();
    };
    const auto type = is_text("type") ? part.at("type").get<std::string>() : "";
    if (type == "refusal" && is_text("refusal"))
      return part.at("refusal").get<std::string>();
    if (type != "text" || !is_text("text"))
      refuse(".content", "only parts of the form {\"type\": \"text\", \"text\": …} can be read" +
                             (type.empty() || type == "text" ? std::string() : ", not \"" + type + "\""));
    return part.at("text").get<std::string>();
  }

  const ordered_json& message_;
  std::size_t place_;
};

// Tools are not called here; who offers some, but says that none is to be called, gets an answer.
void refuse_tools(const request_fields& fields) {
  const auto offers = [&](const char* name) {
    const auto* value = fields.find(name);
    return value != nullptr && !value->empty();
  };
  const auto says_none = [&](const char* name) {
    const auto* choice = fields.find(name);
    return choice != nullptr && choice->is_string() && *choice == "none";
  };
  for (const auto& [name, choice] : {std::pair("tools", "tool_choice"), std::pair("functions", "function_call")})
    if (offers(name) && !says_none(choice))
      fields.refuse(name,
                    "models here can't call tools yet; leave it out, or set " + std::string(choice) + " to \"none\"");
}

void refuse_formats(const request_fields& fields) {
  const auto* format = fields.object("response_format");
  if (format == nullptr)
    return;
  const auto type = request_fields(*format, "response_format.").text("type").value_or("text");
  if (type != "text")
    fields.refuse("response_format",
                  "answers can't be held to a format yet; leave it out, or give {\"type\": \"text\"}, "
                  "not \"" +
                      type + "\"");
}

} // namespace

api_request read_chat_request(const ordered_json& body) {
  const request_fields fields(body);
  api_request request;
  request.kind = api_kind::chat;
  const auto* messages = fields.find("messages");
  if (messages == nullptr || !messages->is_array() || messages->empty())
    fields.refuse("messages", "expected a list of messages, such as [{\"role\": \"user\", \"content\": \"…\"}]");
  for (const auto& message : *messages)
    request.turns.push_back(turn_reader(message, request.turns.size()).read());
  refuse_tools(fields);
  refuse_formats(fields);
  if (fields.flag("logprobs"))
    fields.refuse("logprobs", "are not told here yet; leave it out, or give false");
  if (fields.whole("top_logprobs", 0, 1000).value_or(0) > 0)
    fields.refuse("top_logprobs", "are not told here yet; leave it out, or give 0");
  read_settings(fields, request);
  return request;
}

} // namespace avp
