// Compiling and searching by PCRE2, https://www.pcre.org/current/doc/html/pcre2api.html.
#include "gpu/text/regular_expression.hpp"

#include <limits>
#include <new>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

PCRE2_SPTR units_of(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string pcre2_words(int code) {
  PCRE2_UCHAR text[256];
  if (pcre2_get_error_message(code, text, sizeof text) < 0)
    return "PCRE2 error " + std::to_string(code);
  return reinterpret_cast<const char*>(text);
}

} // namespace

struct regular_expression::compiled {
  struct release {
    void operator()(pcre2_code* what) const { pcre2_code_free(what); }
    void operator()(pcre2_match_context* what) const { pcre2_match_context_free(what); }
    void operator()(pcre2_match_data* what) const { pcre2_match_data_free(what); }
  };
  using match_data = std::unique_ptr<pcre2_match_data, release>;

  std::unique_ptr<pcre2_code, release> code;
  std::unique_ptr<pcre2_match_context, release> context; // null for PCRE2's own limits
  std::uint32_t options = 0;

  // Room for the place of one match.
  [[nodiscard]] static match_data new_match() {
    match_data match(pcre2_match_data_create(1, nullptr));
    if (!match)
      throw std::bad_alloc();
    return match;
  }

  // Whether there is a match from `at` on.
  [[nodiscard]] bool search(std::string_view text, std::size_t at, const match_data& match) const {
    const int result = pcre2_match(code.get(), units_of(text), text.size(), at, options, match.get(), context.get());
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
      throw regular_expression_error(pcre2_words(result));
    return result >= 0;
  }

  void make_fast() {
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE); // Without it (an odd processor) matching is slower, not wrong.
    options = PCRE2_NO_UTF_CHECK;
  }

  // Limits guard against patterns that explode; ours can't, and a long run of blanks is not an error.
  void lift_limits() {
    context.reset(pcre2_match_context_create(nullptr));
    if (!context)
      throw std::bad_alloc();
    pcre2_set_match_limit(context.get(), std::numeric_limits<std::uint32_t>::max());
    pcre2_set_depth_limit(context.get(), std::numeric_limits<std::uint32_t>::max());
  }
};

regular_expression::regular_expression(std::string_view pattern, pattern_origin origin) {
  const bool given = origin == pattern_origin::given;
  auto made = std::make_shared<compiled>();
  int error = 0;
  PCRE2_SIZE offset = 0;
  made->code.reset(pcre2_compile(units_of(pattern), pattern.size(),
                                 PCRE2_UTF | (given ? PCRE2_MATCH_INVALID_UTF : PCRE2_UCP), &error, &offset, nullptr));
  if (!made->code)
    throw regular_expression_error(pcre2_words(error), offset);
  if (!given)
    made->make_fast();
  if (origin == pattern_origin::own)
    made->lift_limits();
  compiled_ = std::move(made);
}

bool regular_expression::matches(std::string_view text) const {
  return compiled_->search(text, 0, compiled::new_match());
}

void regular_expression::find_all(std::string_view text, std::vector<std::string_view>& found) const {
  const auto match = compiled::new_match();
  const PCRE2_SIZE* place = pcre2_get_ovector_pointer(match.get());
  for (std::size_t at = 0; at < text.size() && compiled_->search(text, at, match) && place[1] > at; at = place[1])
    found.push_back(text.substr(place[0], place[1] - place[0]));
}

std::vector<std::pair<std::size_t, std::size_t>> regular_expression::find_places(std::string_view text) const {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  const auto match = compiled::new_match();
  const PCRE2_SIZE* place = pcre2_get_ovector_pointer(match.get());
  for (std::size_t at = 0; at <= text.size() && compiled_->search(text, at, match);) {
    const std::size_t begin = place[0], end = place[1];
    if (begin != end || found.empty() || found.back().second != begin)
      found.emplace_back(begin, end);
    at = begin != end ? end : end == text.size() ? end + 1 : end + read_utf8(text.substr(end)).length;
  }
  return found;
}

} // namespace avp
