// Tokenises lines for the tests with peers. usage: tokenizer_lines TOKENIZER_JSON|TOKENIZER_MODEL|GGUF < LINES
// A line in is a JSON string, or a list of ids; a line out is an object with the ids and the texts that they decode to.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/model/gguf_model.hpp"
#include "gpu/text/json_file.hpp"
#include "gpu/text/sentencepiece_model.hpp"
#include "gpu/text/stream_decoder.hpp"
#include "gpu/text/tokenizer.hpp"
#include "gpu/text/tokenizer_json.hpp"

namespace {

using ids = std::vector<std::int32_t>;

std::string streamed(const avp::tokenizer& tokens, const ids& all, avp::special_text special) {
  avp::stream_decoder decoder(tokens, special);
  std::string text;
  for (const auto id : all)
    text += decoder.push(id);
  return text + decoder.finish();
}

nlohmann::json answer(const avp::tokenizer& tokens, const nlohmann::json& line) {
  nlohmann::json out;
  ids all;
  if (line.is_string()) {
    const auto text = avp::marked_text::trusted(line.get<std::string>());
    all = tokens.encode(text);
    out["whole"] = tokens.encode_whole(text);
    out["data"] = tokens.encode(text.text());
  } else {
    all = line.get<ids>();
  }
  out["ids"] = all;
  for (const auto special : {avp::special_text::hidden, avp::special_text::shown}) {
    const auto text = tokens.decode(all, special);
    out[special == avp::special_text::hidden ? "hidden" : "shown"] = text;
    if (streamed(tokens, all, special) != text)
      out["streamed"] = streamed(tokens, all, special);
  }
  return out;
}

avp::vocabulary vocabulary_of(const std::filesystem::path& path) {
  if (path.extension() == ".gguf")
    return avp::read_gguf_vocabulary(avp::gguf_file(std::make_shared<avp::mapped_file>(path)));
  if (path.extension() == ".model")
    return avp::read_sentencepiece_model(path);
  return avp::parse_tokenizer_json(avp::read_whole_file(path), path);
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  try {
    const std::filesystem::path path = argv[1];
    const avp::tokenizer tokens(vocabulary_of(path));
    for (std::string line; std::getline(std::cin, line);)
      std::cout << answer(tokens, nlohmann::json::parse(line)).dump() << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
