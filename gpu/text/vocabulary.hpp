// What a model file says about its tokenizer, before anything is built from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "transport/name_table.hpp"

namespace avp {

/// How a token takes part in tokenising.
enum class token_kind : std::uint8_t {
  normal,  ///< Made by merges; its text is in the byte-level alphabet of GPT-2.
  special, ///< Recognised in the text as a whole and hidden from decoded text (control tokens).
  added,   ///< Recognised in the text as a whole, shown in decoded text (user-defined tokens).
  unused,  ///< Never produced.
};

/// How text is split before merges apply.
enum class pre_tokenizer : std::uint8_t { gpt2, smollm, llama_bpe, qwen2 };

template <>
inline constexpr auto name_table<pre_tokenizer> = std::to_array<named_value<pre_tokenizer>>({
    {pre_tokenizer::gpt2, "gpt2"},
    {pre_tokenizer::smollm, "smollm"},
    {pre_tokenizer::llama_bpe, "llama-bpe"},
    {pre_tokenizer::qwen2, "qwen2"},
});

/// One entry of the vocabulary; its id is its place.
struct vocabulary_token {
  std::string text; ///< As in the file: byte-level alphabet for normal tokens, plain text for special and added ones.
  token_kind kind = token_kind::normal;
};

/// A byte-level BPE vocabulary.
struct vocabulary {
  std::vector<vocabulary_token> tokens;
  std::vector<std::pair<std::string, std::string>> merges; ///< Best first, in the byte-level alphabet.
  pre_tokenizer split = pre_tokenizer::gpt2;
  bool ignore_merges = false; ///< Llama 3: a whole piece that is a token is that token, whatever the merges say.
  bool is_nfc = false;        ///< Text between whole tokens is brought into Unicode's form NFC first. No GGUF says so.
  std::optional<std::int32_t> bos;
  std::vector<std::int32_t> end_of_turn; ///< Every token that ends an answer (eos, eot, end-of-text), main one first.
  std::string chat_template;             ///< Jinja source, empty when the file has none.
};

} // namespace avp
