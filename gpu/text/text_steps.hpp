// The steps that a tokenizer takes before and behind its vocabulary, as tokenizer.json has them.
#pragma once

#include <cstdint>
#include <string>

namespace avp {

/// What is looked for in a text.
struct step_pattern {
  std::string text;
  bool is_regex = false; ///< Of Oniguruma, Ruby's syntax; else the text itself.

  bool operator==(const step_pattern&) const = default;
};

/// What normalising can do.
enum class normalizer_kind : std::uint8_t {
  nfc,
  nfd,
  nfkc,
  nfkd,
  lowercase,
  strip_accents, ///< Marks (general category M) are left out.
  strip,         ///< White space at the chosen ends is left out.
  prepend,       ///< A text is put in front of what is not empty.
  replace,
};

/// One step of normalising.
struct normalizer_step {
  normalizer_kind kind = normalizer_kind::nfc;
  step_pattern pattern; ///< Of replace.
  std::string text;     ///< Of prepend and replace: what is put there.
  bool left = false;    ///< Of strip.
  bool right = false;   ///< Likewise.

  bool operator==(const normalizer_step&) const = default;
};

/// What becomes of the places at which a text is split.
enum class split_behavior : std::uint8_t { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// Where SentencePiece's mark of a blank is put in front of a text.
enum class prepend_scheme : std::uint8_t {
  never,
  first,  ///< At the beginning of the whole text.
  always, ///< Behind each token recognised as a whole as well.
};

/// What splitting can do.
enum class splitter_kind : std::uint8_t {
  pattern,
  metaspace,  ///< Blanks become a mark, one is put in front, and words begin with it.
  byte_level, ///< Bytes become characters of GPT-2's alphabet.
};

/// One step of splitting.
struct splitter_step {
  splitter_kind kind = splitter_kind::pattern;
  step_pattern pattern; ///< Of metaspace: the mark.
  split_behavior behavior = split_behavior::isolated;
  bool invert = false;                            ///< What does not match is where the text is split.
  prepend_scheme prepend = prepend_scheme::never; ///< Of metaspace.
  bool splits = true;                             ///< Of metaspace; of byte_level: by GPT-2's pattern.
  bool prefix_space = false;                      ///< Of byte_level: a text that has none begins with a blank.

  bool operator==(const splitter_step&) const = default;
};

/// What decoding can do.
enum class decoder_kind : std::uint8_t {
  replace,
  byte_fallback, ///< A run of `<0xE2>` becomes the characters that the bytes make, or else U+FFFD for each.
  fuse,          ///< What comes after takes all tokens for one.
  strip,         ///< So many of a character are taken from the front of a token.
  metaspace,     ///< The mark becomes a blank, or nothing in the first token.
  byte_level,    ///< Characters of GPT-2's alphabet become bytes.
};

/// One step of decoding.
struct decoder_step {
  decoder_kind kind = decoder_kind::byte_level;
  step_pattern pattern;     ///< Of replace, strip and metaspace.
  std::string text;         ///< Of replace: what is put there.
  std::size_t count = 0;    ///< Of strip.
  bool drops_first = false; ///< Of metaspace.

  bool operator==(const decoder_step&) const = default;
};

} // namespace avp
