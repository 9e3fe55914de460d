// The body of a request to /v1/completions.
#include <algorithm>

#include "runtime/serve/request_settings.hpp"

namespace avp {

namespace {

void read_prompts(const request_fields& fields, api_request& request) {
  const auto* prompt = fields.find("prompt");
  if (prompt == nullptr)
    fields.refuse("prompt", "expected a string or a list of strings");
  const auto is_number = [](const auto& one) { return one.is_number(); };
  const auto is_tokens = [&](const auto& list) {
    return list.is_array() && !list.empty() && std::ranges::all_of(list, is_number);
  };
  if (is_tokens(*prompt) || (prompt->is_array() && !prompt->empty() && std::ranges::all_of(*prompt, is_tokens)))
    fields.refuse("prompt", "token ids are not read here: which tokens a model reads is the pipeline's to say; give "
                            "the prompt as a string");
  request.prompts = fields.texts("prompt");
  if (request.prompts.empty())
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
