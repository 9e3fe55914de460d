// Fallback messages to and from JSON.
#include "transport/handshake/json_message.hpp"

#include "transport/handshake/json_text.hpp"

namespace avp {

std::string to_json(const json_message& message) {
  nlohmann::json object{{"avp_version", message.avp_version},
                        {"session_id", message.session_id},
                        {"source_agent_id", message.source_agent_id},
                        {"target_agent_id", message.target_agent_id},
                        {"content", message.content}};
  const auto extra = parse_json(message.extra, "Extra");
  if (extra && extra->is_object() && !extra->empty())
    object["extra"] = *extra;
  return object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

expected<json_message> read_json_message(std::string_view json) {
  const auto object = parse_json(json, "JSON message");
  if (!object)
    return tl::unexpected(object.error());
  json_message message;
  const auto read = json_fields(*object, "JSON message")
                        .read("avp_version", message.avp_version)
                        .read("session_id", message.session_id)
                        .read("source_agent_id", message.source_agent_id)
                        .read("target_agent_id", message.target_agent_id)
                        .read("content", message.content)
                        .read_object("extra", message.extra)
                        .result();
  if (!read)
    return tl::unexpected(read.error());
  return message;
}

} // namespace avp
