// Fuzz target: a tokenizer.json and, behind a byte 0, a text for it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gpu/model/model_error.hpp"
#include "gpu/text/regular_expression.hpp"
#include "gpu/text/stream_decoder.hpp"
#include "gpu/text/tokenizer.hpp"
#include "gpu/text/tokenizer_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto middle = input.find('\0');
  // Strings of their own, so that a sanitizer sees a read beyond either.
  const std::string file(input.substr(0, middle));
  const std::string text(middle == std::string_view::npos ? "" : input.substr(middle + 1));
  try {
    const auto vocabulary = avp::parse_tokenizer_json(file, "fuzzed");
    const avp::tokenizer tokens(vocabulary);
    const auto half = text.size() / 2;
    for (const auto& one : {avp::marked_text::trusted(text), avp::marked_text(text),
                            avp::marked_text::trusted(text.substr(0, half)) + text.substr(half)}) {
      const auto ids = tokens.encode_whole(one);
      avp::stream_decoder stream(tokens, avp::special_text::shown);
      std::string streamed;
      for (const auto id : ids)
        streamed += stream.push(id);
      if (streamed + stream.finish() != tokens.decode(ids, avp::special_text::shown))
        std::abort();
    }
    for (const auto id : tokens.encode(text)) // of data: nothing special but the unknown token
      if (tokens.is_special(id) && id != vocabulary.unknown)
        std::abort();
  } catch (const avp::model_error&) {              // says what is wrong with the file
  } catch (const avp::regular_expression_error&) { // a pattern that takes too many steps
  }
  return 0;
}
