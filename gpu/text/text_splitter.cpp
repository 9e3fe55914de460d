// Splits text into the pieces inside which a byte-level BPE tokenizer merges.
#include "gpu/text/text_splitter.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

/// The patterns as the model families publish them, but for white space: PCRE2's \s has U+180E too, the tokenizers' has
/// not.
const char* pattern_text(pre_tokenizer split) {
  switch (split) {
  case pre_tokenizer::gpt2:
    return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{WSpace}\p{L}\p{N}]+)"
           R"(|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)";
  case pre_tokenizer::smollm:
    // The GPT-2 pattern on what lies between the digits, in one: for it the text ends before a digit.
    return R"(\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\p{WSpace}\p{L}\p{N}]+)"
           R"(|\p{WSpace}+(?![^\p{WSpace}\p{N}])|\p{WSpace}+)";
  case pre_tokenizer::llama_bpe:
    return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{WSpace}\p{L}\p{N}]+[\r\n]*)"
           R"(|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)";
  case pre_tokenizer::qwen2:
    return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{WSpace}\p{L}\p{N}]+[\r\n]*)"
           R"(|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)";
  }
  throw std::invalid_argument("unknown pre-tokenizer");
}

regular_expression compiled_pattern(pre_tokenizer split) {
  try {
    return {pattern_text(split), pattern_origin::own};
  } catch (const regular_expression_error& error) {
    throw std::runtime_error(std::string("PCRE2 can't compile the tokenizer's pattern: ") + error.what());
  }
}

} // namespace

text_splitter::text_splitter(pre_tokenizer split) : pattern_(compiled_pattern(split)) {}

std::vector<std::string_view> text_splitter::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  std::size_t start = 0; // Of the run of valid, or of invalid, units that `at` is in.
  bool valid = true;
  const auto close = [&](std::size_t end) {
    if (valid)
      split_valid(text.substr(start, end - start), pieces);
    else
      pieces.push_back(text.substr(start, end - start));
    start = end;
  };
  for (std::size_t at = 0; at < text.size();) {
    const utf8_unit unit = read_utf8(text.substr(at));
    if ((unit.state == utf8_state::valid) != valid) {
      close(at);
      valid = !valid;
    }
    at += unit.length;
  }
  close(text.size());
  return pieces;
}

// Every character starts a match of each of the patterns, so there is never a gap before a match, and never no match.
void text_splitter::split_valid(std::string_view text, std::vector<std::string_view>& pieces) const {
  try {
    pattern_.find_all(text, pieces);
  } catch (const regular_expression_error& error) {
    throw std::runtime_error("PCRE2 can't split a text of " + std::to_string(text.size()) +
                             " bytes into words: " + error.what());
  }
}

} // namespace avp
