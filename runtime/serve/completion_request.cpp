// The body of a request to /v1/completions.
#include <algorithm>
#include <limits>

#include "runtime/serve/request_settings.hpp"

namespace avp {

namespace {

void read_prompts(const request_fields& fields, api_request& request) {
  const auto* prompt = fields.find("prompt");
  if (prompt == nullptr)
    fields.refuse("prompt", "expected a string or a list of strings");
  const auto is_token = [](const auto& one) {
    return one.is_number_unsigned() && one.template get<std::uint64_t>() <= std::numeric_limits<std::int32_t>::max();
  };
  const auto are_tokens = [&](const auto& list) {
    return list.is_array() && !list.empty() && std::ranges::all_of(list, is_token);
  };
  if (are_tokens(*prompt))
    request.token_prompts = {prompt->get<std::vector<std::int32_t>>()};
  else if (prompt->is_array() && !prompt->empty() && std::ranges::all_of(*prompt, are_tokens))
    request.token_prompts = prompt->get<std::vector<std::vector<std::int32_t>>>();
  else
    request.prompts = fields.texts("prompt");
  if (request.prompts.empty() && request.token_prompts.empty())
    fields.refuse("prompt", "expected a string or a list of strings, found an empty list");
}

} // namespace

api_request read_completion_request(const nlohmann::ordered_json& body) {
  const request_fields fields(body);
  api_request request;
  request.kind = api_kind::completion;
  read_prompts(fields, request);
  if (fields.find("logprobs") != nullptr && *fields.find("logprobs") != false)
    fields.refuse("logprobs", "are not told here yet; leave it out");
  if (fields.flag("echo"))
    fields.refuse("echo", "is not served here; leave it out, or give false");
  if (!fields.text("suffix").value_or("").empty())
    fields.refuse("suffix", "is not served here; leave it out");
  read_settings(fields, request);
  if (fields.whole("best_of", 1, 1000).value_or(request.n) != request.n)
    fields.refuse("best_of", "is not served here; leave it out (a pipeline has the kind best_of for that)");
  return request;
}

} // namespace avp
