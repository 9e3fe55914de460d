// Finds the special and added tokens of a vocabulary in texts.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gpu/text/marked_text.hpp"
#include "gpu/text/token_trie.hpp"
#include "gpu/text/vocabulary.hpp"

namespace avp {

/// A token that stands in a text, with the blanks that belong to it.
struct whole_match {
  std::int32_t id = 0;
  std::size_t begin = 0; ///< Not before the end of the match before it.
  std::size_t end = 0;   ///< One past it; before `begin` only where blanks belong to two tokens.
};

/// A set of tokens recognised as a whole. Const use is safe from many threads.
class whole_tokens {
public:
  /// Adds a token, whose flags count, under the text by which it is looked for.
  void insert(const vocabulary_token& token, std::string_view text, std::int32_t id);

  [[nodiscard]] bool empty() const { return rules_.empty(); }

  /// The tokens of `text` from left to right, the longest of those that begin at a place; each of them lies within one
  /// of the ranges `trusted`, which are in order and apart. The blanks that a token takes may be anyone's, and an added
  /// token that is but blanks is one wherever it stands: it says nothing else than a text does.
  [[nodiscard]] std::vector<whole_match> find_all(std::string_view text, std::span<const text_range> trusted) const;

private:
  struct rule {
    std::int32_t id;
    bool takes_left_blanks, takes_right_blanks, is_word;
  };

  void add_match(std::string_view text, std::size_t begin, std::size_t end, const rule& found,
                 std::vector<whole_match>& matches) const;

  token_trie trie_;   // Of places in rules_,
  token_trie blanks_; // and of those that are but blanks.
  std::vector<rule> rules_;
};

/// What of a text of `size` bytes is not data: the ranges between those of `data`, the empty ones left out.
[[nodiscard]] std::vector<text_range> trusted_ranges(std::size_t size, std::span<const text_range> data);

} // namespace avp
