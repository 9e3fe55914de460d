// Splits text into the pieces inside which a byte-level BPE tokenizer merges.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>

#include <avp/gpu/text/text_splitter.hpp>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <avp/gpu/text/utf8.hpp>

namespace avp {

namespace {

struct free_code {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct free_match_data {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct free_match_context {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

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

std::string pcre2_text(int code) {
  PCRE2_UCHAR text[256];
  if (pcre2_get_error_message(code, text, sizeof text) < 0)
    return "PCRE2 error " + std::to_string(code);
  return reinterpret_cast<const char*>(text);
}

} // namespace

struct text_splitter::pattern {
  std::unique_ptr<pcre2_code, free_code> code;
  std::unique_ptr<pcre2_match_context, free_match_context> context;
};

text_splitter::text_splitter(pre_tokenizer split) {
  auto compiled = std::make_shared<pattern>();
  int error = 0;
  PCRE2_SIZE offset = 0;
  compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern_text(split)), PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
  if (!compiled->code)
    throw std::runtime_error("PCRE2 can't compile the tokenizer's pattern: " + pcre2_text(error));
  pcre2_jit_compile(compiled->code.get(),
                    PCRE2_JIT_COMPLETE); // Without it (an odd processor) matching is slower, not wrong.
  compiled->context.reset(pcre2_match_context_create(nullptr));
  if (!compiled->context)
    throw std::bad_alloc();
  // The limits guard against patterns that explode; these can't, and a long run of spaces is not an error.
  pcre2_set_match_limit(compiled->context.get(), std::numeric_limits<std::uint32_t>::max());
  pcre2_set_depth_limit(compiled->context.get(), std::numeric_limits<std::uint32_t>::max());
  pattern_ = std::move(compiled);
}

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
  if (text.empty())
    return;
  const std::unique_ptr<pcre2_match_data, free_match_data> match(pcre2_match_data_create(1, nullptr));
  if (!match)
    throw std::bad_alloc();
  const PCRE2_SIZE* found = pcre2_get_ovector_pointer(match.get());
  for (std::size_t at = 0; at < text.size();) {
    const int result = pcre2_match(pattern_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                   PCRE2_NO_UTF_CHECK, match.get(), pattern_->context.get());
    // Every character starts a match of each of the patterns, so there is never a gap before a match, and never no
    // match.
    if (result < 0)
      throw std::runtime_error("PCRE2 can't split a text of " + std::to_string(text.size()) +
                               " bytes into words: " + pcre2_text(result));
    pieces.push_back(text.substr(at, found[1] - at));
    at = found[1];
  }
}

} // namespace avp
