// Turns text into token ids and back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gpu/text/marked_text.hpp"
#include "gpu/text/merge_table.hpp"
#include "gpu/text/text_splitter.hpp"
#include "gpu/text/token_trie.hpp"
#include "gpu/text/vocabulary.hpp"

namespace avp {

/// Whether decoded text shows special tokens.
enum class special_text : std::uint8_t { hidden, shown };

/// A byte-level BPE tokenizer. Const use is safe from many threads.
class tokenizer {
public:
  /// Builds the tables of `source`. Throws model_error when a merge speaks of tokens that the vocabulary lacks, when an
  /// id it names is outside of it, or when it is too large for 32-bit ids.
  explicit tokenizer(const vocabulary& source);

  /// The tokens of `text`. Special and added tokens are recognised where their text stands and none of it is data; none
  /// is put in front or behind. Elsewhere they are split and merged as if there were no such tokens, and where data
  /// begins or ends changes nothing else. Bytes that are not UTF-8 become the tokens of those bytes. A byte for which
  /// the vocabulary has no token is left out, as transformers does (SmolLM2's lacks 21 control characters and bytes
  /// that few characters begin with). Where the vocabulary says so (Qwen's tokenizer.json), the text between whole
  /// tokens is brought into form NFC, as transformers does; of a GGUF file it is taken as it is, as llama.cpp does, so
  /// there decomposed accents give other tokens.
  [[nodiscard]] std::vector<std::int32_t> encode(const marked_text& text) const;

  /// The text of `ids`, always UTF-8: bytes that make no character become U+FFFD. Ids outside the vocabulary give no
  /// text.
  [[nodiscard]] std::string decode(std::span<const std::int32_t> ids,
                                   special_text special = special_text::hidden) const;

  /// The bytes that a token stands for, which may be a part of a character; for a special token its name. Empty for
  /// unused tokens and ids outside the vocabulary. Valid as long as the tokenizer.
  [[nodiscard]] std::string_view token_bytes(std::int32_t id) const;

  /// Whether the token ends an answer.
  [[nodiscard]] bool is_end_of_turn(std::int32_t id) const { return end_of_turn_.contains(id); }

  /// Whether the token is a special one, hidden from decoded text.
  [[nodiscard]] bool is_special(std::int32_t id) const;

  /// The number of tokens. A model's table may have more rows than that, for padding.
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  /// The token that is written `text` in the vocabulary: in the byte-level alphabet for normal tokens ("Ġworld"), as it
  /// is for special and added ones.
  [[nodiscard]] std::optional<std::int32_t> find(std::string_view text) const;

  /// Every token but the unused ones as it is written in the vocabulary, with its id, sorted by text: what AVP's
  /// tokenizer_hash is made of.
  [[nodiscard]] std::vector<std::pair<std::string, std::int32_t>> vocabulary_pairs() const;

private:
  /// Lets a map of strings be searched without making one.
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void add_tokens(const vocabulary& source);
  void add_merges(const vocabulary& source);
  void encode_plain(std::string_view text, std::vector<std::int32_t>& ids) const;
  void encode_piece(std::string_view piece, std::vector<std::int32_t>& ids) const;
  [[nodiscard]] bool is_inside(std::int32_t id) const { return id >= 0 && static_cast<std::size_t>(id) < size(); }

  text_splitter splitter_;
  merge_table merges_;
  token_trie whole_; // Special and added tokens.
  std::vector<std::string> bytes_;
  std::vector<token_kind> kinds_;
  std::unordered_map<std::string, std::int32_t, text_hash, std::equal_to<>> ids_; // By text in the vocabulary.
  std::array<std::int32_t, 256> byte_ids_{};                                      // The token of each byte, or -1.
  std::unordered_set<std::int32_t> end_of_turn_;
  bool ignore_merges_;
  bool is_nfc_;
};

} // namespace avp
