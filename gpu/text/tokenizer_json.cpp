// Reads the tokenizer of a Hugging Face directory.
#include "gpu/text/tokenizer_json.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/model/file_kind.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/text/end_of_turn.hpp"

namespace avp {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view what_works = "; what works is a byte-level BPE with the pre-tokenizer of GPT-2, SmolLM2, "
                                        "Llama 3 or Qwen2. A GGUF file of the model may "
                                        "work";

/// The patterns by which Llama 3 and Qwen2 split, as their tokenizer.json spell them.
constexpr std::string_view llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// Ids may have gaps, for tokens that were taken out; so many places more than tokens are enough for every real one.
constexpr std::size_t most_gaps = 65536;

/// The real files nest some six deep; nlohmann's copying and dumping recurse.
constexpr int deepest = 64;

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 65536> part{};
  while (file.read(part.data(), part.size()) || file.gcount() > 0)
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad())
    throw model_error(path.string() + ": can't be read");
  return text;
}

/// Runs `read` on the JSON object in a file. What is wrong with the JSON, or of another type than `read` expects, is a
/// model_error with the file's path.
template <class Read>
void with_json(const fs::path& path, Read read) {
  const auto text = read_file(path);
  try {
    const json object = json::parse(text, [&](int depth, json::parse_event_t, json&) {
      if (depth > deepest)
        throw model_error(path.string() + ": nests deeper than " + std::to_string(deepest) + " levels");
      return true;
    });
    if (!object.is_object())
      throw model_error(path.string() + ": should hold a JSON object, but holds a JSON " + object.type_name());
    read(object);
  } catch (const json::exception& error) {
    const auto kind = kind_of_wrong_file(std::as_bytes(std::span(text)), file_kind::json);
    throw model_error(path.string() + ": " +
                      kind.value_or(std::string("is damaged or not a file of that kind: ") + error.what()));
  }
}

/// The value of a key, or null when it is missing.
const json& get(const json& object, const char* key) {
  static const json null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

/// The value of a truth key, or `otherwise` when it is missing or null.
bool get_flag(const json& object, const char* key, bool otherwise) {
  const json& value = get(object, key);
  return value.is_null() ? otherwise : value.get<bool>();
}

/// The beginning of a part of tokenizer.json, for messages.
std::string shown(const json& part) { return part.dump(-1, ' ', true).substr(0, 300); }

/// What a part of tokenizer.json is called there, for messages.
std::string type_of(const json& part) {
  return part.is_object() && get(part, "type").is_string() ? get(part, "type").get<std::string>() : shown(part);
}

/// The steps of a normalizer or pre-tokenizer: those of a sequence, or it alone.
std::vector<json> steps_of(const json& part, const char* sequence_key) {
  if (part.is_null())
    return {};
  if (type_of(part) != "Sequence")
    return {part};
  return part.at(sequence_key).get<std::vector<json>>();
}

/// Reads one tokenizer.json.
class tokenizer_json_reader {
public:
  explicit tokenizer_json_reader(const fs::path& path) : path_(path) {}

  vocabulary read(const json& root) {
    vocabulary result;
    result.is_nfc = read_normalizer(get(root, "normalizer"));
    read_model(root, result);
    result.split = read_pre_tokenizer(get(root, "pre_tokenizer"));
    read_added_tokens(get(root, "added_tokens"), result);
    return result;
  }

private:
  [[noreturn]] void refuse(const std::string& found) const {
    throw model_error(path_.string() + ": " + found + std::string(what_works));
  }

  /// Whether text is brought into form NFC; nothing else is done to it.
  [[nodiscard]] bool read_normalizer(const json& normalizer) const {
    const auto steps = steps_of(normalizer, "normalizers");
    for (const json& step : steps)
      if (type_of(step) != "NFC")
        refuse("it normalises text by \"" + type_of(step) + "\"");
    return !steps.empty();
  }

  void read_model(const json& root, vocabulary& result) {
    const json& model = root.at("model");
    // Files of before 2021 name no type; the one with merges is BPE.
    if (get(model, "type").is_null() ? !model.contains("merges") : model.at("type") != "BPE")
      refuse("the model is of type \"" + type_of(model) + "\"");
    if (get_flag(model, "byte_fallback", false))
      refuse("the model falls back to bytes, as SentencePiece does");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (const json& mark = get(model, key); mark.is_string() && mark != "")
        refuse("the model marks parts of words by " + std::string(key) + " = " + mark.dump());
    result.ignore_merges = get_flag(model, "ignore_merges", false);

    const json& tokens = model.at("vocab");
    if (!tokens.is_object())
      refuse("the vocabulary is a JSON " + std::string(tokens.type_name()) + ", not an object");
    highest_id_ = tokens.size() + get(root, "added_tokens").size() + most_gaps;
    result.tokens.assign(tokens.size(), {"", token_kind::unused});
    for (const auto& [text, id] : tokens.items())
      place(result, id, text, token_kind::normal);
    read_merges(model.at("merges"), result);
  }

  void read_merges(const json& merges, vocabulary& result) const {
    result.merges.reserve(merges.size());
    for (const json& merge : merges) {
      if (merge.is_array() && merge.size() == 2) {
        result.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
        continue;
      }
      const std::string text = merge.is_string() ? merge.get<std::string>() : std::string();
      const std::size_t space = text.find(' ');
      if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos)
        throw model_error(path_.string() + ": merge " + std::to_string(result.merges.size()) +
                          " should be \"left right\" or [\"left\", \"right\"], but is " + merge.dump());
      result.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    }
  }

  void read_added_tokens(const json& added, vocabulary& result) const {
    for (const json& token : added) {
      const auto text = token.at("content").get<std::string>();
      for (const char* key : {"lstrip", "rstrip", "single_word"})
        if (get_flag(token, key, false))
          refuse("the token \"" + text + "\" takes part of its surroundings (" + key + ")");
      place(result, token.at("id"), text, get_flag(token, "special", false) ? token_kind::special : token_kind::added);
    }
  }

  /// Puts a token into its place. A place is taken once, but an added token may be in the vocabulary already.
  void place(vocabulary& result, const json& id_value, const std::string& text, token_kind kind) const {
    const std::int64_t id = id_value.is_number_integer() ? id_value.get<std::int64_t>() : -1;
    if (id < 0 || static_cast<std::size_t>(id) > highest_id_)
      throw model_error(path_.string() + ": the token \"" + text + "\" has the id " + id_value.dump() +
                        ", but ids are numbers from 0 to not far above the number of tokens, " +
                        std::to_string(result.tokens.size()));
    const auto place = static_cast<std::size_t>(id);
    if (place >= result.tokens.size())
      result.tokens.resize(place + 1, {"", token_kind::unused});
    vocabulary_token& token = result.tokens[place];
    if (token.kind != token_kind::unused && token.text != text)
      throw model_error(path_.string() + ": the tokens \"" + token.text + "\" and \"" + text + "\" have the same id " +
                        std::to_string(id));
    token = {text, kind};
  }

  [[nodiscard]] pre_tokenizer read_pre_tokenizer(const json& part) const {
    const std::vector<json> steps = steps_of(part, "pretokenizers");
    if (steps.empty())
      refuse("it has no pre-tokenizer, as SentencePiece tokenizers in this form have none");
    if (steps.size() > 2 || type_of(steps.back()) != "ByteLevel")
      refuse("it splits text by " + shown(part));
    if (get_flag(steps.back(), "add_prefix_space", true))
      refuse("it puts a space in front of text (add_prefix_space)");
    const bool gpt2_pattern = get_flag(steps.back(), "use_regex", true);
    if (steps.size() == 1 && gpt2_pattern)
      return pre_tokenizer::gpt2;
    if (steps.size() == 2) {
      const json& first = steps.front();
      if (type_of(first) == "Digits" && get_flag(first, "individual_digits", false) && gpt2_pattern)
        return pre_tokenizer::smollm;
      if (type_of(first) == "Split" && get(first, "behavior") == "Isolated" && !get_flag(first, "invert", false) &&
          !gpt2_pattern) {
        const json& pattern = get(first.at("pattern"), "Regex");
        if (pattern == llama3_pattern)
          return pre_tokenizer::llama_bpe;
        if (pattern == qwen2_pattern)
          return pre_tokenizer::qwen2;
      }
    }
    refuse("it splits text by " + shown(part));
  }

  fs::path path_;
  std::size_t highest_id_ = 0;
};

/// A token in tokenizer_config.json: its text, or an object with it. Empty when there is none.
std::string token_text(const json& token) {
  if (token.is_object())
    return token_text(get(token, "content"));
  return token.is_string() ? token.get<std::string>() : std::string();
}

/// The token of that text that is recognised as a whole.
std::optional<std::int32_t> find_whole(const vocabulary& source, const std::string& text) {
  const auto found = std::find_if(source.tokens.begin(), source.tokens.end(), [&](const vocabulary_token& token) {
    return token.text == text && (token.kind == token_kind::special || token.kind == token_kind::added);
  });
  if (text.empty() || found == source.tokens.end())
    return std::nullopt;
  return static_cast<std::int32_t>(found - source.tokens.begin());
}

/// chat_template is a template, or a list of named ones of which "default" is for conversations without tools.
std::string read_chat_template(const json& value) {
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_array())
    for (const json& entry : value)
      if (entry.at("name") == "default")
        return entry.at("template").get<std::string>();
  return {};
}

/// Adds the ids under eos_token_id: a number, a list of them, or null.
void read_end_tokens(const json& object, std::vector<std::int32_t>& ids) {
  const json& value = get(object, "eos_token_id");
  for (const json& id : value.is_array() ? value : json::array({value}))
    if (id.is_number_integer())
      if (const auto number = id.get<std::int64_t>(); number >= 0 && number <= std::numeric_limits<std::int32_t>::max())
        ids.push_back(static_cast<std::int32_t>(number));
}

/// What the files beside tokenizer.json add to it.
void read_companions(const fs::path& directory, vocabulary& result) {
  std::vector<std::int32_t> ends;
  if (const fs::path path = directory / "tokenizer_config.json"; is_there(path))
    with_json(path, [&](const json& object) {
      result.bos = find_whole(result, token_text(get(object, "bos_token")));
      if (const auto end = find_whole(result, token_text(get(object, "eos_token"))))
        ends.push_back(*end);
      result.chat_template = read_chat_template(get(object, "chat_template"));
    });
  if (const fs::path path = directory / "chat_template.json"; is_there(path)) // older, as processors have it
    with_json(path, [&](const json& object) { result.chat_template = read_chat_template(object.at("chat_template")); });
  if (const fs::path path = directory / "chat_template.jinja"; is_there(path)) {
    result.chat_template = read_file(path);
    if (const auto kind = kind_of_wrong_file(std::as_bytes(std::span(result.chat_template)), file_kind::json))
      throw model_error(path.string() + ": " + *kind);
  }
  for (const char* name : {"generation_config.json", "config.json"})
    if (const fs::path path = directory / name; is_there(path))
      with_json(path, [&](const json& object) { read_end_tokens(object, ends); });
  result.end_of_turn = end_of_turn_tokens(result.tokens, ends);
  if (result.end_of_turn.empty())
    throw model_error((directory / "tokenizer.json").string() +
                      ": no token ends an answer; generation_config.json should name one as eos_token_id");
}

void check_exists(const fs::path& directory, const fs::path& path) {
  if (is_there(path))
    return;
  std::string text = path.string() + ": is missing, and the model's tokenizer is read from it";
  if (is_there(directory / "tokenizer.model"))
    text += ". There is a tokenizer.model (SentencePiece) instead" + std::string(what_works);
  else if (is_there(directory / "merges.txt"))
    text +=
        ". There is a merges.txt; loading and saving the tokenizer once with transformers makes a tokenizer.json of it";
  throw model_error(text);
}

} // namespace

vocabulary read_tokenizer_json(const fs::path& directory) {
  const fs::path path = directory / "tokenizer.json";
  check_exists(directory, path);
  vocabulary result;
  with_json(path, [&](const json& root) { result = tokenizer_json_reader(path).read(root); });
  read_companions(directory, result);
  return result;
}

} // namespace avp
