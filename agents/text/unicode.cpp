// Unicode's own tables (utf8proc), and the few signs for which they have no plain form.
#include "agents/text/unicode.hpp"

#include <cstdlib>
#include <memory>
#include <new>

#include <utf8proc.h>

#include "transport/ascii.hpp"

namespace avp {
namespace {

utf8proc_category_t category_of(char32_t point) { return utf8proc_category(static_cast<utf8proc_int32_t>(point)); }

/// One of a list of signs.
bool is_of(std::u32string_view signs, char32_t point) { return signs.find(point) != std::u32string_view::npos; }

/// What stands for a code point in a plain text; 0 where nothing does.
char32_t plain_point(char32_t point) {
  if (point < 0x80)
    return point;
  if (is_of(U"\u2018\u2019\u201A\u201B\u2032\u2035\u2039\u203A\u02B9\u02BB\u02BC\u02BD\u02BE\u02BF\u02C8\u02CA\u02CB"
            U"\u00B4\u055A\u05F3\u1FBD\u1FBF\u1FEF\u1FFD\u1FFE\uA78C\uFF07\uFF40",
            point))
    return U'\'';
  if (is_of(U"\u201C\u201D\u201E\u201F\u2033\u2036\u00AB\u00BB\u02BA\u02DD\u05F4\u300C\u300D\u300E\u300F\u301D\u301E"
            U"\u301F\uFF02\uFF62\uFF63",
            point))
    return U'"';
  switch (point) {
  case U'\u2212': // minus
  case U'\u2043': // a hyphen as a list has it
    return U'-';
  case U'\u2044': // of fractions
  case U'\u2215':
    return U'/';
  case U'\u3001':
  case U'\u060C':
  case U'\uFF64':
    return U',';
  case U'\u3002':
  case U'\uFF61':
    return U'.';
  case U'\u309B': // these join the letter before them
    return U'\u3099';
  case U'\u309C':
    return U'\u309A';
  default:
    break;
  }
  if (is_blank_point(point))
    return U' ';
  const auto category = category_of(point);
  if (category == UTF8PROC_CATEGORY_PD)
    return U'-';
  const bool is_seen = category != UTF8PROC_CATEGORY_SK && // an accent on nothing
                       utf8proc_get_property(static_cast<utf8proc_int32_t>(point))->ignorable == 0;
  return is_seen ? point : 0;
}

std::string mapped(const std::string& text, int options) {
  utf8proc_uint8_t* result = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &result, static_cast<utf8proc_option_t>(options | UTF8PROC_STABLE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, &std::free);
  if (size < 0) // code points are valid, so it can only be this
    throw std::bad_alloc();
  return {reinterpret_cast<const char*>(result), static_cast<std::size_t>(size)};
}

std::string plain(std::string_view text, int options) {
  std::u32string points;
  for (const auto point : code_points(text))
    if (const auto stand_in = plain_point(point); stand_in != 0 || point == 0)
      points.push_back(stand_in);
  return mapped(to_utf8(points), UTF8PROC_COMPOSE | UTF8PROC_COMPAT | options);
}

} // namespace

std::string plain_text(std::string_view text) { return plain(text, 0); }

std::string case_folded(std::string_view text) {
  auto folded = plain(text, UTF8PROC_CASEFOLD);
  replace_all(folded, "i\u0307", "i"); // a dot on an i that has one already, as İ leaves it
  return folded;
}

std::string composed(std::string_view text) { return mapped(to_utf8(code_points(text)), UTF8PROC_COMPOSE); }

std::u32string code_points(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t point = -1;
    auto size = utf8proc_iterate(at, left, &point);
    if (size <= 0) {
      point = 0xFFFD;
      size = 1;
    }
    points.push_back(static_cast<char32_t>(point));
    at += size;
    left -= size;
  }
  return points;
}

std::string to_utf8(std::u32string_view points) {
  std::string text;
  text.reserve(points.size());
  for (const auto point : points) {
    constexpr std::size_t longest = 4;
    utf8proc_uint8_t bytes[longest];
    const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(point), bytes);
    text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  return text;
}

bool is_word_point(char32_t point) {
  const auto category = category_of(point);
  return point == U'_' || (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO);
}

bool is_punctuation_point(char32_t point) {
  if (point < 0x80)
    return point > ' ' && point < 0x7F && !is_letter(static_cast<char>(point)) && !is_digit(static_cast<char>(point));
  const auto category = category_of(point);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool is_blank_point(char32_t point) {
  const auto category = category_of(point);
  const bool separates = category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP;
  return separates || (point >= 0x09 && point <= 0x0D) || (point >= 0x1C && point <= 0x1F) || point == 0x85;
}

} // namespace avp
