// Settings of a request: those of the answering agent, and what concerns the answer's form.
#include "runtime/serve/request_settings.hpp"

#include <limits>

#include "runtime/pipeline/exact_json.hpp"
#include "transport/nearest_name.hpp"

namespace avp {

namespace {

constexpr auto most_int = std::numeric_limits<int>::max();
constexpr auto most_int64 = std::numeric_limits<std::int64_t>::max();
constexpr int most_choices = 128;

template <class Value, class Target>
void put(const std::optional<Value>& value, std::optional<Target>& target) {
  if (value)
    target = static_cast<Target>(*value);
}

// What would change the answer, and this engine does not do: better said than left out.
void refuse_what_is_not_served(const request_fields& fields) {
  const auto must_be_zero = [&](const char* name) {
    if (fields.number(name, "a number", [](double) { return true; }).value_or(0) != 0)
      fields.refuse(name, "is not served here: leave it out or give 0; repetition_penalty is what there is");
  };
  must_be_zero("presence_penalty");
  must_be_zero("frequency_penalty");
  if (const auto* bias = fields.object("logit_bias"); bias != nullptr && !bias->empty())
    fields.refuse("logit_bias", "is not served here; leave it out");
}

void read_sampling(const request_fields& fields, asked_settings& settings) {
  const auto at_least_0 = [](double value) { return value >= 0; };
  const auto share = [](double value) { return value >= 0 && value <= 1; };
  put(fields.number("temperature", "a number, 0 or more", at_least_0), settings.sampling.temperature);
  put(fields.number("top_p", "a number from 0 to 1", share), settings.sampling.top_p);
  if (settings.sampling.top_p == 0.0F) // the smallest set that there is: the best token alone
    settings.sampling.top_p = std::numeric_limits<float>::min();
  put(fields.whole("top_k", -1, most_int), settings.sampling.top_k);
  if (settings.sampling.top_k == -1) // "all", as vLLM writes it
    settings.sampling.top_k = 0;
  put(fields.number("min_p", "a number from 0 to 1", share), settings.sampling.min_p);
  put(fields.number("repetition_penalty", "a number above 0", [](double value) { return value > 0; }),
      settings.sampling.repetition_penalty);
  put(fields.whole("max_tokens", 1, most_int), settings.max_new_tokens);
  put(fields.whole("max_completion_tokens", 1, most_int), settings.max_new_tokens);
  put(fields.whole("seed", std::numeric_limits<std::int64_t>::min(), most_int64), settings.seed);
  settings.stop = fields.texts("stop");
}

void read_own(const request_fields& fields, api_request& request) {
  if (const auto name = fields.text("mode")) {
    request.mode = value_named<avp::mode>(*name);
    if (!request.mode)
      fields.refuse("mode", "there is no mode \"" + *name + "\"" + name_hint(*name, all_names<avp::mode>()));
  }
  put(fields.whole("steps", 0, most_int), request.settings.steps);
  if (const auto* id = fields.find("id")) {
    if (is_whole_number(*id))
      request.id = exact_text(*id);
    else if (request.id = fields.text("id"); request.id->empty())
      fields.refuse("id", "expected a text that is not empty, or a whole number");
  }
  if (const auto* given = fields.object("fields"))
    request.fields = *given;
}

} // namespace

void read_settings(const request_fields& fields, api_request& request) {
  request.model = fields.text("model").value_or("");
  refuse_what_is_not_served(fields);
  read_sampling(fields, request.settings);
  request.n = static_cast<int>(fields.whole("n", 1, most_choices).value_or(1));
  request.stream = fields.flag("stream");
  if (const auto* options = fields.object("stream_options"))
    request.include_usage = request_fields(*options, "stream_options.").flag("include_usage");
  if (const auto* own = fields.object("avp"))
    read_own(request_fields(*own, "avp."), request);
}

} // namespace avp
