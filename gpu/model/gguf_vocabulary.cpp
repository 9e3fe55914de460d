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

namespace avp {

namespace {

struct split_name {
  std::string_view name;
  pre_tokenizer split;
};

// Names that llama.cpp gives to one and the same way of splitting. "default" is not among them: it stands for a pattern
// of its own that none of our models was trained with.
constexpr std::array<split_name, 12> split_names{{{"gpt-2", pre_tokenizer::gpt2},
                                                  {"gpt2", pre_tokenizer::gpt2},
                                                  {"smollm", pre_tokenizer::smollm},
                                                  {"starcoder", pre_tokenizer::smollm},
                                                  {"refact", pre_tokenizer::smollm},
                                                  {"command-r", pre_tokenizer::smollm},
                                                  {"llama-bpe", pre_tokenizer::llama_bpe},
                                                  {"llama3", pre_tokenizer::llama_bpe},
                                                  {"llama-v3", pre_tokenizer::llama_bpe},
                                                  {"falcon3", pre_tokenizer::llama_bpe},
                                                  {"qwen2", pre_tokenizer::qwen2},
                                                  {"deepseek-r1-qwen", pre_tokenizer::qwen2}}};

[[noreturn]] void fail(const gguf_file& file, const std::string& what) {
  throw model_error(file.where() + ": " + what);
}

template <class Value>
Value required(const gguf_file& file, std::string_view key, std::optional<Value> value) {
  if (!value)
    fail(file, "has no tokenizer: metadata \"" + std::string(key) + "\" is missing");
  return *std::move(value);
}

pre_tokenizer read_split(const gguf_file& file) {
  if (const auto model = required(file, "tokenizer.ggml.model", file.string("tokenizer.ggml.model")); model != "gpt2")
    fail(file, "tokenizer.ggml.model is \"" + std::string(model) + "\"; only \"gpt2\" (byte-level BPE) works");
  const auto name = required(file, "tokenizer.ggml.pre", file.string("tokenizer.ggml.pre"));
  const auto* found = std::ranges::find(split_names, name, &split_name::name);
  if (found != split_names.end())
    return found->split;
  std::string known;
  for (const auto& one : split_names)
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  fail(file, "tokenizer.ggml.pre is \"" + std::string(name) + "\"; these work: " + known);
}

// Numbers of llama.cpp's token attributes. 2 is the unknown token, which byte-level BPE never needs.
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
  default:
    fail(file, "tokenizer.ggml.token_type of token " + std::to_string(id) + " is " + std::to_string(type) +
                   "; byte-level BPE has 1 to 5");
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

} // namespace

vocabulary read_gguf_vocabulary(const gguf_file& file) {
  vocabulary result;
  result.split = read_split(file);
  result.ignore_merges = result.split == pre_tokenizer::llama_bpe;
  result.tokens = read_tokens(file);
  result.merges = read_merges(file);
  result.bos = read_id(file, "tokenizer.ggml.bos_token_id", result.tokens.size());
  result.end_of_turn = read_end_of_turn(file, result.tokens);
  result.chat_template = file.string("tokenizer.chat_template").value_or("");
  return result;
}

} // namespace avp
