// What a model file says about its tokenizer, before anything is built from it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gpu/text/text_steps.hpp"
#include "transport/name_table.hpp"

namespace avp {

/// How a token takes part in tokenising.
enum class token_kind : std::uint8_t {
  normal,  ///< Made by the model of subwords; its text is as that model spells it.
  special, ///< Recognised in the text as a whole and hidden from decoded text (control tokens).
  added,   ///< Recognised in the text as a whole, shown in decoded text (user-defined tokens).
  unused,  ///< Never produced.
  byte,    ///< `<0xE2>`: one byte of a character that the vocabulary lacks; never found in a text.
};

/// How text comes apart into tokens.
enum class subword_kind : std::uint8_t {
  byte_level_bpe, ///< Merges by rank over bytes, which are written in the alphabet of GPT-2.
  bpe,            ///< Merges by rank over characters; SentencePiece vocabularies as Hugging Face writes them.
  scored_bpe,     ///< Merges by the score of what they make: SentencePiece's own BPE.
  unigram,        ///< The pieces whose scores have the greatest sum: SentencePiece's unigram.
};

template <>
inline constexpr auto name_table<subword_kind> = std::to_array<named_value<subword_kind>>({
    {subword_kind::byte_level_bpe, "byte-level BPE"},
    {subword_kind::bpe, "BPE"},
    {subword_kind::scored_bpe, "SentencePiece BPE"},
    {subword_kind::unigram, "unigram"},
});

/// How text is split before merges apply. All but `steps` are for byte-level BPE.
enum class pre_tokenizer : std::uint8_t {
  gpt2,
  smollm,
  llama_bpe,
  qwen2,
  deepseek_llm,
  deepseek_coder,
  deepseek3,
  falcon,
  tekken,
  gpt4o,
  qwen35,
  seed_coder,
  bloom,
  viking,
  steps, ///< As `vocabulary::splitters` say.
};

template <>
inline constexpr auto name_table<pre_tokenizer> = std::to_array<named_value<pre_tokenizer>>({
    {pre_tokenizer::gpt2, "gpt2"},
    {pre_tokenizer::smollm, "smollm"},
    {pre_tokenizer::llama_bpe, "llama-bpe"},
    {pre_tokenizer::qwen2, "qwen2"},
    {pre_tokenizer::deepseek_llm, "deepseek-llm"},
    {pre_tokenizer::deepseek_coder, "deepseek-coder"},
    {pre_tokenizer::deepseek3, "deepseek-v3"},
    {pre_tokenizer::falcon, "falcon"},
    {pre_tokenizer::tekken, "tekken"},
    {pre_tokenizer::gpt4o, "gpt-4o"},
    {pre_tokenizer::qwen35, "qwen35"},
    {pre_tokenizer::seed_coder, "seed-coder"},
    {pre_tokenizer::bloom, "bloom"},
    {pre_tokenizer::viking, "viking"},
    {pre_tokenizer::steps, "steps of its own"},
});

/// One entry of the vocabulary; its id is its place.
struct vocabulary_token {
  std::string text; ///< As in the file: byte-level alphabet for normal tokens, plain text for special and added ones.
  token_kind kind = token_kind::normal;
  double score = 0; ///< Of unigram and SentencePiece's BPE: the higher, the sooner.
  /// Of tokens recognised as a whole: whether blanks on a side belong to them, whether they must not stand inside of a
  /// word, and whether they are looked for in normalised text, in their own normalised form.
  bool takes_left_blanks = false, takes_right_blanks = false, is_word = false, is_normalized = false;
};

/// A vocabulary, and all that is done to a text before and behind it.
struct vocabulary {
  std::vector<vocabulary_token> tokens;
  std::vector<std::pair<std::string, std::string>> merges; ///< Best first, as tokens are written.
  subword_kind model = subword_kind::byte_level_bpe;
  pre_tokenizer split = pre_tokenizer::gpt2;
  std::vector<normalizer_step> normalizers; ///< Of the text between whole tokens. A byte-level GGUF file has none.
  std::vector<splitter_step> splitters;     ///< Where `split` is `steps`; none: the text is one piece.
  std::vector<decoder_step> decoders;       ///< None for byte-level BPE alone: it decodes bytes.
  bool ignore_merges = false;               ///< Llama 3: a whole piece that is a token is that token.
  bool byte_fallback = false;               ///< A character that is no token becomes the tokens of its bytes.
  bool fuse_unknown = false;                ///< Of BPE: neighbours that are no tokens become one unknown token.
  std::optional<std::int32_t> unknown;      ///< What else they become; nothing: they are left out.
  std::vector<std::int32_t> before, after;  ///< What stands before and behind each whole text, as BOS and EOS do.
  std::optional<std::int32_t> bos;
  std::vector<std::int32_t> end_of_turn; ///< Every token that ends an answer (eos, eot, end-of-text), main one first.
  std::string chat_template;             ///< Jinja source, empty when the file has none.
  std::map<std::string, std::string> named_templates; ///< Its other chat templates, such as "tool_use".
};

} // namespace avp
