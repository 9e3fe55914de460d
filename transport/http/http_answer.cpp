// Answers of the HTTP binding.
#include "transport/http/http_answer.hpp"

#include <utility>

#include "transport/handshake/json_text.hpp"

namespace avp::http {

namespace {

std::string text_of(const nlohmann::json& value) {
  return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

/// {"success": true} with the fields that a handler gave.
answer success(const std::string& fields) {
  auto object = parse_json(fields.empty() ? "{}" : fields, "Answer");
  if (!object || !object->is_object())
    return refusal(500, "The handler's answer is no JSON object.");
  (*object)["success"] = true;
  return {200, text_of(*object)};
}

answer from_handler(const expected<std::string>& result) {
  return result ? success(*result) : refusal(400, result.error().message);
}

} // namespace

answer refusal(int status, std::string_view message) {
  return {status, text_of({{"success", false}, {"message", message}})};
}

answer answer_hello(std::string_view body, const http_handlers& handlers) {
  const auto message = read_hello(body);
  if (!message)
    return refusal(400, message.error().message);
  handshake_answer local{message->agent_id, message->identity.value_or(model_identity{}), "{}", {}};
  if (handlers.on_hello) {
    auto given = handlers.on_hello(*message);
    if (!given)
      return refusal(400, given.error().message);
    local = std::move(*given);
  }
  nlohmann::json object{{"success", true}, {"agent_id", local.agent_id}};
  object["identity"] = handlers.on_hello || message->identity ? *parse_json(to_json(local.identity), "identity")
                                                              : nlohmann::json::object();
  const auto capabilities = parse_json(local.capabilities, "Capabilities");
  if (capabilities && capabilities->is_object() && !capabilities->empty())
    object["capabilities"] = *capabilities;
  if (!local.session_id.empty())
    object["session_id"] = local.session_id;
  return {200, text_of(object)};
}

answer answer_message(std::span<const std::byte> body, std::shared_ptr<const void> owner, const std::string& from_agent,
                      const http_handlers& handlers, const decode_options& options) {
  auto content = decode_payload(body, std::move(owner), options);
  if (!content)
    return refusal(400, content.error().message);
  return from_handler(handlers.on_payload(std::move(*content), from_agent));
}

answer answer_text(std::string_view body, const http_handlers& handlers) {
  if (!handlers.on_text)
    return refusal(501, "This node takes no text.");
  const auto message = read_json_message(body);
  return message ? from_handler(handlers.on_text(*message)) : refusal(400, message.error().message);
}

} // namespace avp::http
