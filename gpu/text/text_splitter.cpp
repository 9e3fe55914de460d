// Splits text into the pieces inside which a byte-level BPE tokenizer merges.
#include "gpu/text/text_splitter.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

/// The patterns as the model families publish them, but for white space: PCRE2's \s has U+180E too, the tokenizers' has
/// not. Where there are several, each splits what the ones before it left.
std::vector<const char*> pattern_texts(pre_tokenizer split) {
  constexpr const char* gpt2_words = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{WSpace}\p{L}\p{N}]+)"
                                     R"(|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)";
  switch (split) {
  case pre_tokenizer::gpt2:
    return {gpt2_words};
  case pre_tokenizer::smollm:
    // The GPT-2 pattern on what lies between the digits, in one: for it the text ends before a digit.
    return {R"(\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\p{WSpace}\p{L}\p{N}]+)"
            R"(|\p{WSpace}+(?![^\p{WSpace}\p{N}])|\p{WSpace}+)"};
  case pre_tokenizer::llama_bpe:
    return {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{WSpace}\p{L}\p{N}]+[\r\n]*)"
            R"(|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)"};
  case pre_tokenizer::qwen2:
    return {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{WSpace}\p{L}\p{N}]+[\r\n]*)"
            R"(|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)"};
  case pre_tokenizer::deepseek_llm:
  case pre_tokenizer::deepseek_coder:
  case pre_tokenizer::deepseek3:
  case pre_tokenizer::falcon:
  case pre_tokenizer::tekken:
  case pre_tokenizer::gpt4o:
  case pre_tokenizer::chatglm:
  case pre_tokenizer::poro:
  case pre_tokenizer::viking:
  case pre_tokenizer::steps:
    break;
  }
  throw std::invalid_argument("unknown pre-tokenizer");
}

std::vector<regular_expression> compiled_patterns(pre_tokenizer split) {
  try {
    std::vector<regular_expression> patterns;
    for (const auto* text : pattern_texts(split))
      patterns.emplace_back(text, pattern_origin::own);
    return patterns;
  } catch (const regular_expression_error& error) {
    throw std::runtime_error(std::string("PCRE2 can't compile the tokenizer's pattern: ") + error.what());
  }
}

/// Cuts `text` where a match begins and ends.
void split_by(const regular_expression& pattern, std::string_view text, std::vector<std::string_view>& pieces) {
  std::vector<std::string_view> matches;
  pattern.find_all(text, matches);
  std::size_t done = 0;
  for (const auto match : matches) {
    const auto begin = static_cast<std::size_t>(match.data() - text.data());
    if (done != begin)
      pieces.push_back(text.substr(done, begin - done));
    pieces.push_back(match);
    done = begin + match.size();
  }
  if (done != text.size())
    pieces.push_back(text.substr(done));
}

} // namespace

text_splitter::text_splitter(pre_tokenizer split) : patterns_(compiled_patterns(split)) {}

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

void text_splitter::split_valid(std::string_view text, std::vector<std::string_view>& pieces) const {
  try {
    std::vector<std::string_view> parts{text}, next;
    for (const auto& pattern : patterns_) {
      for (const auto part : parts)
        split_by(pattern, part, next);
      parts = std::exchange(next, {});
    }
    pieces.insert(pieces.end(), parts.begin(), parts.end());
  } catch (const regular_expression_error& error) {
    throw std::runtime_error("PCRE2 can't split a text of " + std::to_string(text.size()) +
                             " bytes into words: " + error.what());
  }
}

} // namespace avp
