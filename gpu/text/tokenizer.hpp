// Turns text into token ids and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gpu/text/marked_text.hpp"
#include "gpu/text/normalizer.hpp"
#include "gpu/text/step_splitter.hpp"
#include "gpu/text/subword_model.hpp"
#include "gpu/text/text_decoder.hpp"
#include "gpu/text/text_splitter.hpp"
#include "gpu/text/vocabulary.hpp"
#include "gpu/text/whole_tokens.hpp"

namespace avp {

/// Whether decoded text shows special tokens.
enum class special_text : std::uint8_t { hidden, shown };

/// A tokenizer: byte-level BPE, SentencePiece's BPE or unigram. Const use is safe from many threads.
class tokenizer {
public:
  /// Builds the tables of `source`. Throws model_error when a merge speaks of tokens that the vocabulary lacks, when an
  /// id it names is outside of it, when it is too large for 32-bit ids, or when a step of it can't be taken.
  explicit tokenizer(const vocabulary& source);

  /// The tokens of `text`. Special and added tokens are recognised where their text stands and none of it is data; none
  /// is put in front or behind. Elsewhere text is normalised, split and taken apart as if there were no such tokens
  /// (of the added ones but those of blanks alone), and where data begins or ends changes nothing else. Bytes that are
  /// not UTF-8 become the tokens of those bytes. A byte or character for which the vocabulary has no token, and which
  /// is not to become the unknown one, is left out, as transformers does (SmolLM2's lacks 21 control characters and
  /// bytes that few characters begin with). Text between whole tokens is normalised as tokenizer.json says; of a
  /// byte-level GGUF file it is taken as it is, as llama.cpp does, so there decomposed accents give other tokens.
  /// Throws std::runtime_error where patterns of the model's own can't come to an end with the text.
  [[nodiscard]] std::vector<std::int32_t> encode(const marked_text& text) const;

  /// The tokens of a whole text: as encode(), with those in front and behind that the model file asks for (BOS, EOS),
  /// but for those that the text begins or ends with already, as a chat template may have written them.
  [[nodiscard]] std::vector<std::int32_t> encode_whole(const marked_text& text) const;

  /// The text of `ids`, always UTF-8: bytes that make no character become U+FFFD. Ids outside the vocabulary give no
  /// text.
  [[nodiscard]] std::string decode(std::span<const std::int32_t> ids,
                                   special_text special = special_text::hidden) const;

  /// What a stream_decoder decodes by.
  [[nodiscard]] const text_decoder& decoder() const { return *decoder_; }

  /// The bytes that `run`, of decoder(), gives for the next token: parts of characters, and not before they are
  /// certain. Nothing for unused tokens and ids outside the vocabulary.
  [[nodiscard]] std::string decoded_piece(text_decoder::run& run, std::int32_t id) const;

  /// The bytes that a token stands for inside of a text, which may be a part of a character; for a special token its
  /// name. Empty for unused tokens and ids outside the vocabulary. Valid as long as the tokenizer.
  [[nodiscard]] std::string_view token_bytes(std::int32_t id) const;

  /// Whether the token ends an answer.
  [[nodiscard]] bool is_end_of_turn(std::int32_t id) const { return end_of_turn_.contains(id); }

  /// How the token takes part in tokenising; unused for ids outside the vocabulary.
  [[nodiscard]] token_kind kind_of(std::int32_t id) const;

  /// Whether the token is a special one, hidden from decoded text.
  [[nodiscard]] bool is_special(std::int32_t id) const { return kind_of(id) == token_kind::special; }

  /// Whether normal tokens are written in GPT-2's alphabet of bytes; else they are written as SentencePiece does.
  [[nodiscard]] bool is_byte_level() const { return is_byte_level_; }

  /// The number of tokens. A model's table may have more rows than that, for padding.
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  /// The token that is written `text` in the vocabulary: in the byte-level alphabet for normal tokens ("Ġworld"), as it
  /// is for special and added ones.
  [[nodiscard]] std::optional<std::int32_t> find(std::string_view text) const;

  /// Every token but the unused ones as it is written in the vocabulary, with its id, sorted by text: what AVP's
  /// tokenizer_hash is made of.
  [[nodiscard]] std::vector<std::pair<std::string, std::int32_t>> vocabulary_pairs() const;

  /// Whether both have the same tokens with the same ids, but for unused ones: whether vocabulary_pairs() are equal.
  [[nodiscard]] bool has_vocabulary_of(const tokenizer& other) const { return *ids_ == *other.ids_; }

private:
  void add_tokens(const vocabulary& source);
  void encode_between(std::string_view text, std::size_t at, std::span<const text_range> trusted,
                      std::vector<std::int32_t>& ids) const;
  void encode_plain(std::string_view text, bool is_first, std::vector<std::int32_t>& ids) const;
  [[nodiscard]] bool is_inside(std::int32_t id) const { return id >= 0 && static_cast<std::size_t>(id) < size(); }

  normalizer normalizer_;
  std::optional<text_splitter> splitter_; // By the pattern of a family, or else:
  step_splitter steps_;
  std::shared_ptr<const text_decoder> decoder_;
  whole_tokens whole_;            // Special and added tokens, looked for in the text as it is,
  whole_tokens normalized_whole_; // and in what normalising leaves of the rest.
  std::vector<std::string> bytes_;
  std::vector<std::string> texts_; // As in the vocabulary, where decoding takes steps.
  std::vector<token_kind> kinds_;
  std::shared_ptr<const token_ids> ids_; // By text in the vocabulary.
  std::shared_ptr<const subword_model> model_;
  std::unordered_set<std::int32_t> end_of_turn_;
  std::vector<std::int32_t> before_, after_;
  bool is_byte_level_ = false;
};

} // namespace avp
