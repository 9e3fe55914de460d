// Splits text into the pieces inside which a byte-level BPE tokenizer merges.
#include "gpu/text/text_splitter.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

/// The letters of scripts with two cases, of Latin to Adlam, by which DeepSeek LLM splits.
constexpr const char* deepseek_letters =
    R"(\p{WSpace}?[)"
    R"(A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293}\x{295}-\x{2af})"
    R"(\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1})"
    R"(\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5})"
    R"(\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77})"
    R"(\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d})"
    R"(\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{3ce}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{3b9})"
    R"(\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{390}\x{1fd6}-\x{38a}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4})"
    R"(\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}\x{3a9}\x{2128})"
    R"(K-\x{212d}\x{212f}-\x{2134}\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184})"
    R"(\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d})"
    R"(\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e}\x{ab70}-\x{abbf})"
    R"(\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f})"
    R"(\x{104b0}-\x{104d3}\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df})"
    R"(\x{1e900}-\x{1e943})"
    R"(]+)";

constexpr const char* deepseek_ideographs = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";

constexpr const char* bloom_words = R"( ?[^(\p{WSpace}|.,!?\x{2026}\x{3002}\x{ff0c}\x{3001}\x{964}\x{6d4}\x{60c})]+)";

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
  case pre_tokenizer::qwen35:
    return {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N})"
            R"(| ?[^\p{WSpace}\p{L}\p{M}\p{N}]+[\r\n]*|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)"};
  case pre_tokenizer::seed_coder:
    return {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{WSpace}\p{L}\p{N}\r\n]+)"
            R"(|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)"};
  case pre_tokenizer::deepseek_llm:
    return {R"([\r\n])",
            deepseek_letters,
            R"(\p{WSpace}?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)",
            R"(\p{WSpace}+\z)",
            deepseek_ideographs,
            R"(\p{N}+)"};
  case pre_tokenizer::deepseek_coder:
    return {R"([\r\n])", R"(\p{WSpace}?\p{L}+)", R"(\p{WSpace}?\p{P}+)", deepseek_ideographs, R"(\p{N})"};
  case pre_tokenizer::deepseek3:
    return {R"(\p{N}{1,3})", R"([\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+)",
            R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
            R"(| ?[\p{P}\p{S}]+[\r\n]*|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)"};
  case pre_tokenizer::falcon:
    return {R"([\p{P}$+<=>^~|`]+)", gpt2_words, R"([0-9][0-9][0-9])"};
  case pre_tokenizer::tekken:
    return {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
            R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
            R"(|\p{N}| ?[^\p{WSpace}\p{L}\p{N}]+[\r\n/]*|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)"};
  case pre_tokenizer::gpt4o:
    return {
        R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
        R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
        R"(|\p{N}{1,3}| ?[^\p{WSpace}\p{L}\p{N}]+[\r\n/]*|\p{WSpace}*[\r\n]+|\p{WSpace}+(?!\P{WSpace})|\p{WSpace}+)"};
  case pre_tokenizer::bloom:
    return {bloom_words};
  case pre_tokenizer::viking:
    return {bloom_words, R"(\p{N})"};
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
