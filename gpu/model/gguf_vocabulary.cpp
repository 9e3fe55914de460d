// The vocabulary of a GGUF file: the keys tokenizer.*.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/gguf_model.hpp"
#include "gpu/text/end_of_turn.hpp"
#include "gpu/text/sentencepiece_steps.hpp"

namespace avp {

namespace {

struct split_name {
  std::string_view name;
  pre_tokenizer split;
  bool ignores_merges = false; // A whole piece that is a token is that token.
};

// Names that llama.cpp gives to one and the same way of splitting. "default" is not among them: it stands for a pattern
// of its own that none of our models was trained with.
constexpr std::array<split_name, 45> split_names{{{"gpt-2", pre_tokenizer::gpt2},
                                                  {"gpt2", pre_tokenizer::gpt2},
                                                  {"phi-2", pre_tokenizer::gpt2},
                                                  {"mpt", pre_tokenizer::gpt2},
                                                  {"olmo", pre_tokenizer::gpt2},
                                                  {"exaone4", pre_tokenizer::gpt2},
                                                  {"jais", pre_tokenizer::gpt2},
                                                  {"trillion", pre_tokenizer::gpt2},
                                                  {"granite-docling", pre_tokenizer::gpt2},
                                                  {"smollm", pre_tokenizer::smollm},
                                                  {"starcoder", pre_tokenizer::smollm},
                                                  {"refact", pre_tokenizer::smollm},
                                                  {"command-r", pre_tokenizer::smollm},
                                                  {"codeshell", pre_tokenizer::smollm},
                                                  {"exaone", pre_tokenizer::smollm},
                                                  {"minerva-7b", pre_tokenizer::smollm},
                                                  {"llama-bpe", pre_tokenizer::llama_bpe, true},
                                                  {"llama3", pre_tokenizer::llama_bpe, true},
                                                  {"llama-v3", pre_tokenizer::llama_bpe, true},
                                                  {"falcon3", pre_tokenizer::llama_bpe, true},
                                                  {"falcon-h1", pre_tokenizer::llama_bpe, true},
                                                  {"pixtral", pre_tokenizer::llama_bpe, true},
                                                  {"lfm2", pre_tokenizer::llama_bpe, true},
                                                  {"dbrx", pre_tokenizer::llama_bpe},
                                                  {"smaug-bpe", pre_tokenizer::llama_bpe},
                                                  {"chatglm-bpe", pre_tokenizer::llama_bpe},
                                                  {"glm4", pre_tokenizer::llama_bpe},
                                                  {"qwen2", pre_tokenizer::qwen2},
                                                  {"deepseek-r1-qwen", pre_tokenizer::qwen2},
                                                  {"stablelm2", pre_tokenizer::qwen2},
                                                  {"megrez", pre_tokenizer::qwen2},
                                                  {"hunyuan", pre_tokenizer::qwen2},
                                                  {"qwen35", pre_tokenizer::qwen35},
                                                  {"seed-coder", pre_tokenizer::seed_coder},
                                                  {"deepseek-llm", pre_tokenizer::deepseek_llm},
                                                  {"deepseek-coder", pre_tokenizer::deepseek_coder},
                                                  {"deepseek-v3", pre_tokenizer::deepseek3},
                                                  {"hunyuan-dense", pre_tokenizer::deepseek3},
                                                  {"falcon", pre_tokenizer::falcon},
                                                  {"tekken", pre_tokenizer::tekken, true},
                                                  {"gpt-4o", pre_tokenizer::gpt4o},
                                                  {"llama4", pre_tokenizer::gpt4o},
                                                  {"bloom", pre_tokenizer::bloom},
                                                  {"poro-chat", pre_tokenizer::bloom},
                                                  {"viking", pre_tokenizer::viking}}};

[[noreturn]] void fail(const gguf_file& file, const std::string& what) {
  throw model_error(file.where() + ": " + what);
}

template <class Value>
Value required(const gguf_file& file, std::string_view key, std::optional<Value> value) {
  if (!value)
    fail(file, "has no tokenizer: metadata \"" + std::string(key) + "\" is missing");
  return *std::move(value);
}

void read_split(const gguf_file& file, vocabulary& result) {
  const auto name = required(file, "tokenizer.ggml.pre", file.string("tokenizer.ggml.pre"));
  const auto* found = std::ranges::find(split_names, name, &split_name::name);
  if (found != split_names.end()) {
    result.split = found->split;
    result.ignore_merges = found->ignores_merges;
    return;
  }
  std::string known;
  for (const auto& one : split_names)
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  fail(file, "tokenizer.ggml.pre is \"" + std::string(name) + "\"; these work: " + known +
                 ". Another name for one of them may be written into the file with gguf-new-metadata");
}

// Numbers of llama.cpp's token attributes. 2 is the unknown token.
token_kind kind_of(const gguf_file& file, std::int64_t type, std::size_t id) {
  switch (type) {
  case 1:
    return token_kind::normal;
  case 2:
  case 3:
    return token_kind::special;
  case 4:
    return token_kind::added;
  case 5:
    return token_kind::unused;
  case 6:
    return token_kind::byte;
  default:
    fail(file, "tokenizer.ggml.token_type of token " + std::to_string(id) + " is " + std::to_string(type) +
                   "; there are 1 to 6");
  }
}

std::vector<vocabulary_token> read_tokens(const gguf_file& file) {
  const auto texts = required(file, "tokenizer.ggml.tokens", file.strings("tokenizer.ggml.tokens"));
  const auto types = required(file, "tokenizer.ggml.token_type", file.integers("tokenizer.ggml.token_type"));
  if (texts.empty() || texts.size() != types.size() || texts.size() > std::numeric_limits<std::int32_t>::max())
    fail(file, "tokenizer.ggml.tokens has " + std::to_string(texts.size()) + " entries and tokenizer.ggml.token_type " +
                   std::to_string(types.size()) + "; expected as many of both, and some");
  std::vector<vocabulary_token> tokens;
  tokens.reserve(texts.size());
  for (std::size_t id = 0; id < texts.size(); ++id)
    tokens.push_back({std::string(texts[id]), kind_of(file, types[id], id)});
  return tokens;
}

std::vector<std::pair<std::string, std::string>> read_merges(const gguf_file& file) {
  const auto lines = required(file, "tokenizer.ggml.merges", file.strings("tokenizer.ggml.merges"));
  std::vector<std::pair<std::string, std::string>> merges;
  merges.reserve(lines.size());
  for (const auto line : lines) {
    const auto space = line.find(' ');
    if (space == 0 || space == std::string_view::npos || space + 1 == line.size())
      fail(file, "tokenizer.ggml.merges: entry " + std::to_string(merges.size()) + " is \"" + std::string(line) +
                     "\", not two pieces with a space between");
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

std::optional<std::int32_t> read_id(const gguf_file& file, std::string_view key, std::size_t tokens) {
  const auto id = file.integer(key);
  if (id && (*id < 0 || static_cast<std::uint64_t>(*id) >= tokens))
    fail(file,
         std::string(key) + " is " + std::to_string(*id) + ", but there are " + std::to_string(tokens) + " tokens");
  return id ? std::optional(static_cast<std::int32_t>(*id)) : std::nullopt;
}

// The keys name one or two of them; end_of_turn_tokens adds the well-known others.
std::vector<std::int32_t> read_end_of_turn(const gguf_file& file, const std::vector<vocabulary_token>& tokens) {
  std::vector<std::int32_t> declared;
  for (const auto* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    if (const auto id = read_id(file, key, tokens.size()))
      declared.push_back(*id);
  auto ends = end_of_turn_tokens(tokens, declared);
  if (ends.empty())
    fail(file, "no token ends an answer: metadata \"tokenizer.ggml.eos_token_id\" is missing");
  return ends;
}

void read_scores(const gguf_file& file, std::vector<vocabulary_token>& tokens) {
  const auto scores = required(file, "tokenizer.ggml.scores", file.floats("tokenizer.ggml.scores"));
  if (scores.size() != tokens.size())
    fail(file, "tokenizer.ggml.scores has " + std::to_string(scores.size()) + " entries, but there are " +
                   std::to_string(tokens.size()) + " tokens");
  for (std::size_t id = 0; id < tokens.size(); ++id)
    tokens[id].score = scores[id];
}

void read_sentencepiece_steps(const gguf_file& file, vocabulary& result) {
  const bool adds_prefix = file.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
  if (const auto* map = "tokenizer.ggml.precompiled_charsmap"; file.metadata().contains(map))
    fail(file, std::string(map) + " is there, a table of characters to be replaced, which is not supported");
  for (const auto* key : {"tokenizer.ggml.remove_extra_whitespaces", "tokenizer.ggml.treat_whitespace_as_suffix"})
    if (file.boolean(key).value_or(false))
      fail(file, std::string(key) + " is set, which is not supported");
  add_sentencepiece_steps(adds_prefix, result);
}

void read_surroundings(const gguf_file& file, bool adds_bos, bool adds_eos, vocabulary& result) {
  const auto add = [&](const char* key, const char* id_key, bool otherwise, std::vector<std::int32_t>& to) {
    if (!file.boolean(key).value_or(otherwise))
      return;
    const auto id = read_id(file, id_key, result.tokens.size());
    if (!id && file.boolean(key))
      fail(file, std::string(key) + " is set, but " + id_key + " is missing");
    if (id)
      to.push_back(*id);
  };
  add("tokenizer.ggml.add_bos_token", "tokenizer.ggml.bos_token_id", adds_bos, result.before);
  add("tokenizer.ggml.add_eos_token", "tokenizer.ggml.eos_token_id", adds_eos, result.after);
}

} // namespace

vocabulary read_gguf_vocabulary(const gguf_file& file) {
  vocabulary result;
  const auto model = required(file, "tokenizer.ggml.model", file.string("tokenizer.ggml.model"));
  if (model != "gpt2" && model != "llama" && model != "t5")
    fail(file, "tokenizer.ggml.model is \"" + std::string(model) +
                   "\"; what works is \"gpt2\" (byte-level BPE), \"llama\" (SentencePiece's BPE) and \"t5\" (unigram)");
  if (model == "gpt2")
    read_split(file, result);
  result.tokens = read_tokens(file);
  if (model == "gpt2") {
    result.merges = read_merges(file);
  } else {
    result.model = model == "llama" ? subword_kind::scored_bpe : subword_kind::unigram;
    read_scores(file, result.tokens);
    read_sentencepiece_steps(file, result);
    result.unknown = read_id(file, "tokenizer.ggml.unknown_token_id", result.tokens.size());
  }
  read_surroundings(file, model == "llama" || result.split == pre_tokenizer::llama_bpe, model == "t5", result);
  result.bos = read_id(file, "tokenizer.ggml.bos_token_id", result.tokens.size());
  result.end_of_turn = read_end_of_turn(file, result.tokens);
  constexpr std::string_view template_key = "tokenizer.chat_template";
  result.chat_template = file.string(template_key).value_or("");
  for (const auto& [key, value] : file.metadata())
    if (key.starts_with(template_key) && key.substr(template_key.size()).starts_with('.'))
      if (const auto text = file.string(key))
        result.named_templates.emplace(key.substr(template_key.size() + 1), *text);
  return result;
}

} // namespace avp
