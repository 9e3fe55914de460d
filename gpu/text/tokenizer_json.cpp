// Reads the tokenizer of a Hugging Face directory.
#include "gpu/text/tokenizer_json.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/model/model_error.hpp"
#include "gpu/text/end_of_turn.hpp"
#include "gpu/text/json_file.hpp"
#include "gpu/text/sentencepiece_model.hpp"
#include "gpu/text/template_file.hpp"
#include "gpu/text/tokenizer_steps_json.hpp"
#include "transport/ascii.hpp"

namespace avp {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view what_works =
    "; what works are models of the types BPE and Unigram. A GGUF file of the model "
    "may work";

/// The patterns by which Llama 3 and Qwen2 split, as their tokenizer.json spell them.
constexpr std::string_view llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// Ids may have gaps, for tokens that were taken out; so many places more than tokens are enough for every real one.
constexpr std::size_t most_gaps = 65536;

/// How a token is found in a text.
void read_token_flags(const json& token, vocabulary_token& to) {
  to.takes_left_blanks = get_flag(token, "lstrip", false);
  to.takes_right_blanks = get_flag(token, "rstrip", false);
  to.is_word = get_flag(token, "single_word", false);
  to.is_normalized = get_flag(token, "normalized", false);
}

/// Reads one tokenizer.json.
class tokenizer_json_reader {
public:
  explicit tokenizer_json_reader(const fs::path& path) : path_(path), steps_(path) {}

  vocabulary read(const json& root) {
    vocabulary result;
    result.normalizers = steps_.normalizers(get(root, "normalizer"));
    read_splitters(get(root, "pre_tokenizer"), result);
    read_model(root, result);
    read_added_tokens(get(root, "added_tokens"), result);
    read_decoders(get(root, "decoder"), result);
    std::tie(result.before, result.after) = steps_.surroundings(get(root, "post_processor"));
    return result;
  }

private:
  [[noreturn]] void refuse(const std::string& found) const {
    throw model_error(path_.string() + ": " + found + std::string(what_works));
  }

  void read_splitters(const json& part, vocabulary& result) const {
    result.splitters = steps_.splitters(part);
    const bool is_byte_level = !result.splitters.empty() && result.splitters.back().kind == splitter_kind::byte_level;
    result.model = is_byte_level ? subword_kind::byte_level_bpe : subword_kind::bpe;
    result.split = known_split(result.splitters);
    if (result.split != pre_tokenizer::steps)
      result.splitters.clear();
  }

  /// Steps that are those of a family, which are one pattern for us.
  [[nodiscard]] static pre_tokenizer known_split(const std::vector<splitter_step>& steps) {
    if (steps.empty() || steps.size() > 2 || steps.back().kind != splitter_kind::byte_level ||
        steps.back().prefix_space)
      return pre_tokenizer::steps;
    const bool gpt2_pattern = steps.back().splits;
    if (steps.size() == 1)
      return gpt2_pattern ? pre_tokenizer::gpt2 : pre_tokenizer::steps;
    const auto& first = steps.front();
    if (first.kind != splitter_kind::pattern || first.behavior != split_behavior::isolated || first.invert ||
        !first.pattern.is_regex)
      return pre_tokenizer::steps;
    if (gpt2_pattern)
      return first.pattern.text == R"(\p{N})" ? pre_tokenizer::smollm : pre_tokenizer::steps;
    return first.pattern.text == llama3_pattern  ? pre_tokenizer::llama_bpe
           : first.pattern.text == qwen2_pattern ? pre_tokenizer::qwen2
                                                 : pre_tokenizer::steps;
  }

  void read_model(const json& root, vocabulary& result) {
    const json& model = root.at("model");
    // Files of before 2021 name no type; the one with merges is BPE.
    const bool is_unigram = get(model, "type") == "Unigram";
    if (get(model, "type").is_null() ? !model.contains("merges") : !is_unigram && model.at("type") != "BPE")
      refuse("the model is of type \"" + type_of(model) + "\"");
    result.byte_fallback = get_flag(model, "byte_fallback", false);
    highest_id_ = get(model, "vocab").size() + get(root, "added_tokens").size() + most_gaps;
    if (is_unigram)
      read_unigram(model, result);
    else
      read_bpe(model, result);
  }

  void read_bpe(const json& model, vocabulary& result) const {
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (const json& mark = get(model, key); mark.is_string() && mark != "")
        refuse("the model marks parts of words by " + std::string(key) + " = " + mark.dump());
    if (const json& chance = get(model, "dropout"); chance.is_number() && chance != 0)
      refuse("the model leaves merges out by chance (dropout)");
    if (result.byte_fallback && result.model == subword_kind::byte_level_bpe)
      refuse(
          "the model falls back to bytes (byte_fallback) behind the pre-tokenizer ByteLevel, which leaves no others");
    result.ignore_merges = get_flag(model, "ignore_merges", false);
    result.fuse_unknown = get_flag(model, "fuse_unk", false);

    const json& tokens = model.at("vocab");
    if (!tokens.is_object())
      refuse("the vocabulary is a JSON " + std::string(tokens.type_name()) + ", not an object");
    result.tokens.assign(tokens.size(), {"", token_kind::unused});
    for (const auto& [text, id] : tokens.items())
      place(result, id, text, token_kind::normal);
    read_merges(model.at("merges"), result);
    if (const json& unknown = get(model, "unk_token"); unknown.is_string()) {
      const auto id = tokens.find(unknown.get<std::string>());
      if (id == tokens.end())
        refuse("the unknown token " + unknown.dump() + " is not in the vocabulary");
      result.unknown = id->get<std::int32_t>();
    }
  }

  void read_unigram(const json& model, vocabulary& result) const {
    if (result.model == subword_kind::byte_level_bpe)
      refuse("the pre-tokenizer ByteLevel stands before a Unigram model");
    result.model = subword_kind::unigram;
    const json& pieces = model.at("vocab");
    if (!pieces.is_array())
      refuse("the vocabulary is a JSON " + std::string(pieces.type_name()) + ", not a list");
    result.tokens.reserve(pieces.size());
    for (const json& piece : pieces)
      result.tokens.push_back({piece.at(0).get<std::string>(), token_kind::normal, piece.at(1).get<double>()});
    if (const json& unknown = get(model, "unk_id"); !unknown.is_null()) {
      const auto id = unknown.is_number_integer() ? unknown.get<std::int64_t>() : -1;
      if (id < 0 || static_cast<std::size_t>(id) >= pieces.size())
        refuse("the unknown token " + unknown.dump() + " is not among the " + std::to_string(pieces.size()) +
               " pieces");
      result.unknown = static_cast<std::int32_t>(id);
    }
  }

  /// A byte-level BPE decodes bytes and needs no steps for that.
  void read_decoders(const json& part, vocabulary& result) const {
    result.decoders = steps_.decoders(part);
    const bool is_byte_level = result.model == subword_kind::byte_level_bpe;
    if (is_byte_level && result.decoders.size() == 1 && result.decoders.front().kind == decoder_kind::byte_level)
      result.decoders.clear();
    if (result.decoders.empty() && !is_byte_level && part.is_null())
      refuse("there is no decoder, so nothing says how tokens become text");
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
      place(result, token.at("id"), text, get_flag(token, "special", false) ? token_kind::special : token_kind::added);
      vocabulary_token& placed = result.tokens[token.at("id").get<std::size_t>()];
      read_token_flags(token, placed);
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
    token.text = text;
    token.kind = kind;
  }

  fs::path path_;
  tokenizer_steps_reader steps_;
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
void read_chat_template(const json& value, vocabulary& result) {
  if (value.is_string())
    result.chat_template = value.get<std::string>();
  if (!value.is_array())
    return;
  for (const json& entry : value) {
    const auto name = entry.at("name").get<std::string>();
    (name == "default" ? result.chat_template : result.named_templates[name]) = entry.at("template").get<std::string>();
  }
}

/// What lies in files of their own: chat_template.jinja, and the named ones in additional_chat_templates.
void read_template_files(const fs::path& directory, vocabulary& result) {
  if (const fs::path path = directory / "chat_template.jinja"; is_there(path))
    result.chat_template = read_template_file(path);
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory / "additional_chat_templates", none))
    if (entry.path().extension() == ".jinja")
      result.named_templates[entry.path().stem().string()] = read_template_file(entry.path());
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
      if (const auto bos = find_whole(result, token_text(get(object, "bos_token"))))
        result.bos = *bos;
      if (const auto end = find_whole(result, token_text(get(object, "eos_token"))))
        ends.push_back(*end);
      read_chat_template(get(object, "chat_template"), result);
    });
  if (const fs::path path = directory / "chat_template.json"; is_there(path)) // older, as processors have it
    with_json(path, [&](const json& object) { read_chat_template(object.at("chat_template"), result); });
  read_template_files(directory, result);
  for (const char* name : {"generation_config.json", "config.json"})
    if (const fs::path path = directory / name; is_there(path))
      with_json(path, [&](const json& object) { read_end_tokens(object, ends); });
  ends.insert(ends.end(), result.end_of_turn.begin(), result.end_of_turn.end()); // of a tokenizer.model
  result.end_of_turn = end_of_turn_tokens(result.tokens, ends);
  if (result.end_of_turn.empty())
    throw model_error((directory / "tokenizer.json").string() +
                      ": no token ends an answer; generation_config.json should name one as eos_token_id");
}

/// Puts a token that was added to a tokenizer.model later into its place.
vocabulary_token& place_added(vocabulary& result, std::int64_t id, const std::string& text, const fs::path& path) {
  if (id < 0 || static_cast<std::size_t>(id) > result.tokens.size() + most_gaps)
    throw model_error(path.string() + ": the added token \"" + text + "\" has the id " + std::to_string(id) +
                      ", far from the " + std::to_string(result.tokens.size()) + " tokens of tokenizer.model");
  const auto place = static_cast<std::size_t>(id);
  if (place >= result.tokens.size())
    result.tokens.resize(place + 1, {"", token_kind::unused});
  auto& token = result.tokens[place];
  if (!token.text.empty() && token.text != text)
    throw model_error(path.string() + ": the added token \"" + text + "\" has the id " + std::to_string(id) + " of \"" +
                      token.text + "\" in tokenizer.model");
  token.text = text;
  return token;
}

/// What the files beside a tokenizer.model say of tokens that were added later, and of BOS and EOS around a text.
void read_added_to_model(const fs::path& directory, vocabulary& result) {
  if (const auto path = directory / "added_tokens.json"; is_there(path))
    with_json(path, [&](const json& object) {
      for (const auto& [text, id] : object.items())
        place_added(result, id.get<std::int64_t>(), text, path).kind = token_kind::added;
    });
  bool adds_bos = true, adds_eos = false;
  if (const auto path = directory / "tokenizer_config.json"; is_there(path))
    with_json(path, [&](const json& object) {
      adds_bos = get_flag(object, "add_bos_token", adds_bos);
      adds_eos = get_flag(object, "add_eos_token", adds_eos);
      if (const json& added = get(object, "added_tokens_decoder"); added.is_object())
        for (const auto& [id, token] : added.items()) {
          const auto number = id.size() < 10 && std::ranges::all_of(id, is_digit) ? std::stoll(id) : -1;
          auto& placed = place_added(result, number, token_text(token), path);
          placed.kind = get_flag(token, "special", false) ? token_kind::special : token_kind::added;
          read_token_flags(token, placed);
        }
      if (const auto bos = find_whole(result, token_text(get(object, "bos_token"))))
        result.bos = *bos;
      if (const auto eos = find_whole(result, token_text(get(object, "eos_token"))))
        result.end_of_turn.insert(result.end_of_turn.begin(), *eos);
    });
  if (adds_bos && result.bos)
    result.before = {*result.bos};
  if (adds_eos && !result.end_of_turn.empty())
    result.after = {result.end_of_turn.front()};
}

[[noreturn]] void refuse_without_tokenizer(const fs::path& directory, const fs::path& path) {
  std::string text = path.string() + ": is missing, and the model's tokenizer is read from it, or from tokenizer.model";
  if (is_there(directory / "merges.txt"))
    text +=
        ". There is a merges.txt; loading and saving the tokenizer once with transformers makes a tokenizer.json of it";
  throw model_error(text);
}

} // namespace

vocabulary parse_tokenizer_json(const std::string& text, const fs::path& path) {
  vocabulary result;
  with_json(text, path, [&](const json& root) { result = tokenizer_json_reader(path).read(root); });
  return result;
}

vocabulary read_tokenizer_json(const fs::path& directory) {
  const fs::path path = directory / "tokenizer.json", model = directory / "tokenizer.model";
  vocabulary result;
  if (is_there(path)) {
    result = parse_tokenizer_json(read_whole_file(path), path);
  } else if (is_there(model)) {
    result = read_sentencepiece_model(model);
    read_added_to_model(directory, result);
  } else {
    refuse_without_tokenizer(directory, path);
  }
  read_companions(directory, result);
  return result;
}

} // namespace avp
