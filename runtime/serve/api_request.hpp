// What a client asks, whichever endpoint it asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "agents/asked_settings.hpp"

namespace avp {

/// Which endpoint was asked; answers are worded accordingly.
enum class api_kind : std::uint8_t {
  chat,      ///< /v1/chat/completions
  completion ///< /v1/completions
};

/// One message of a conversation, as text.
struct chat_turn {
  std::string role; ///< "system" (also where the client wrote "developer"), "user", "assistant" or "tool".
  std::string text;
};

/// A request, read and checked as far as that goes without a model.
struct api_request {
  api_kind kind = api_kind::chat;
  std::string model;                                    ///< May be empty where only one is served.
  std::vector<chat_turn> turns;                         ///< Of a chat.
  std::vector<std::string> prompts;                     ///< Of a completion: each is answered by itself.
  std::vector<std::vector<std::int32_t>> token_prompts; ///< The same as token ids, in place of texts.
  asked_settings settings;
  int n = 1; ///< Answers to each.
  bool stream = false;
  bool include_usage = false; ///< Whether a stream ends with a chunk that tells it.

  // `avp` of the body: what no other server has.
  std::optional<avp::mode> mode;
  std::optional<std::string> id;                                    ///< Names the task and so picks its random numbers.
  nlohmann::ordered_json fields = nlohmann::ordered_json::object(); ///< Of the record, beside the question.
};

/// Reads the body of a request to an endpoint. Throws request_refused with what is wrong with it.
[[nodiscard]] api_request read_chat_request(const nlohmann::ordered_json& body);
[[nodiscard]] api_request read_completion_request(const nlohmann::ordered_json& body);

} // namespace avp
