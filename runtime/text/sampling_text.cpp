// Sampling settings in words.
#include "runtime/text/sampling_text.hpp"

#include <fmt/format.h>

namespace avp {

std::string sampling_text(const said_sampling& said) {
  std::string text;
  const auto add = [&](const char* name, const auto& value) {
    if (value)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, *value);
  };
  add("temperature", said.temperature);
  add("top_p", said.top_p);
  add("top_k", said.top_k);
  add("min_p", said.min_p);
  add("repetition_penalty", said.repetition_penalty);
  return text;
}

} // namespace avp
