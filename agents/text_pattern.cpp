// A regular expression that a pipeline file names.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <avp/agents/text_pattern.hpp>

namespace avp {

namespace {

struct free_code {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};

struct free_match_data {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

std::string message_of(int code) {
  PCRE2_UCHAR text[256];
  if (pcre2_get_error_message(code, text, sizeof text) < 0)
    return "error " + std::to_string(code);
  return reinterpret_cast<const char*>(text);
}

} // namespace

struct text_pattern::compiled {
  std::unique_ptr<pcre2_code, free_code> code;
};

text_pattern::text_pattern(const std::string& pattern) : compiled_(std::make_unique<compiled>()) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  compiled_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                      PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &offset, nullptr));
  if (!compiled_->code)
    throw pattern_error("not a regular expression: " + message_of(error), offset);
}

text_pattern::~text_pattern() = default;
text_pattern::text_pattern(text_pattern&&) noexcept = default;
text_pattern& text_pattern::operator=(text_pattern&&) noexcept = default;

bool text_pattern::matches(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, free_match_data> data(
      pcre2_match_data_create_from_pattern(compiled_->code.get(), nullptr));
  const int found = pcre2_match(compiled_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                data.get(), nullptr);
  if (found < 0 && found != PCRE2_ERROR_NOMATCH)
    throw std::runtime_error("the pattern can't be searched in this text: " + message_of(found));
  return found >= 0;
}

} // namespace avp
