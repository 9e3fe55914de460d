// Errors as the OpenAI API words them.
#include "runtime/serve/api_error.hpp"

namespace avp {

namespace {

const char* type_of(int status) {
  switch (status) {
  case 401:
    return "authentication_error";
  case 404:
    return "not_found_error";
  case 429:
    return "rate_limit_error";
  default:
    return status < 500 ? "invalid_request_error" : "server_error";
  }
}

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
}

} // namespace

api_error error_of(const failure& why) {
  api_error error{.message = why.text, .code = std::string(name_of(why.code))};
  for (const auto& entry : error_codes)
    if (entry.code == why.code)
      error.status = entry.http_status;
  if (why.code == error_code::context_too_long)
    error.code = "context_length_exceeded"; // as OpenAI has it
  if (error.status >= 409)
    error.headers.push_back({"x-should-retry", "false"});
  return error;
}

nlohmann::ordered_json to_json(const api_error& error) {
  return {{"error",
           {{"message", error.message},
            {"type", type_of(error.status)},
            {"param", text_or_null(error.param)},
            {"code", text_or_null(error.code)}}}};
}

web_answer to_answer(const api_error& error) {
  return {.status = error.status,
          .body = to_json(error).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
          .type = "application/json",
          .headers = error.headers};
}

} // namespace avp
