// Fuzz target: chat templates. The input is a template; what it is given is always the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "gpu/text/jinja/chat_program.hpp"
#include "gpu/text/jinja/error.hpp"

namespace {

avp::jinja::variables conversation() {
  const auto values = nlohmann::ordered_json::parse(R"({
    "messages": [{"role": "system", "content": " Be kind. \n"}, {"role": "user", "content": "Hi <|im_end|> \u00e9\u00df"},
                 {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, 2.5, null]}}}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "array"}}}}}],
    "add_generation_prompt": true, "n": 3, "l": [3, 1, 2], "s": "a b", "m": {"k": "v"}})");
  avp::jinja::variables given;
  for (const auto& [name, held] : values.items())
    given.emplace(name, avp::jinja::value::from_json(held, avp::jinja::origin::data));
  given.emplace("bos_token", avp::jinja::value::trusted("<s>"));
  return given;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto given = conversation();
  const std::string source(reinterpret_cast<const char*>(data), size);
  try {
    const auto program = avp::jinja::chat_program::compile(source);
    const auto text = program.render(given, {.steps = 20'000, .text_bytes = 1U << 20U});
    if (text.text().size() > 1U << 20U)
      std::abort();
    std::size_t last = 0; // ranges of data lie in order, apart, and within the text
    for (const auto& [begin, end] : text.data()) {
      if (begin > end || end > text.text().size() || begin < last)
        std::abort();
      last = end;
    }
    if (!(program.render(given, {.steps = 20'000, .text_bytes = 1U << 20U}) == text))
      std::abort(); // a rendering leaves nothing behind
  } catch (const avp::jinja::error& wrong) {
    if (wrong.at().line == 0 || wrong.message().empty())
      std::abort();
  }
  return 0;
}
