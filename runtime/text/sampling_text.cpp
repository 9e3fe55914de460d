// Sampling settings as they are shown.
#include "runtime/text/sampling_text.hpp"

#include <fmt/format.h>

namespace avp {

nlohmann::ordered_json sampling_json(const said_sampling& said) {
  auto result = nlohmann::ordered_json::object();
  const auto add = [&](const char* name, const auto& value) {
    if (value) // a float with the digits that it was given with
      result[name] = nlohmann::ordered_json::parse(fmt::format("{}", *value));
  };
  add("temperature", said.temperature);
  add("top_p", said.top_p);
  add("top_k", said.top_k);
  add("min_p", said.min_p);
  add("repetition_penalty", said.repetition_penalty);
  return result;
}

std::string sampling_text(const nlohmann::ordered_json& said) {
  std::string text;
  for (const auto& [key, value] : said.items())
    text += (text.empty() ? "" : ", ") + key + " " + value.dump();
  return text;
}

} // namespace avp
