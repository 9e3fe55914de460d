// Number literals of a template.
#include "gpu/text/jinja/number_literal.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "gpu/text/jinja/error.hpp"

namespace avp::jinja {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits in groups, "1_000", from `from` on: where they end, or `from`.
std::size_t digits_end(std::string_view source, std::size_t from) {
  const auto digit_at = [&](std::size_t i) { return i < source.size() && is_digit(source[i]); };
  std::size_t end = from;
  while (digit_at(end) ||
         (end > from && end < source.size() && source[end] == '_' && source[end - 1] != '_' && digit_at(end + 1)))
    ++end;
  return end;
}

} // namespace

std::size_t float_end(std::string_view source, std::size_t at) {
  std::size_t end = digits_end(source, at);
  if (end == at || (at > 0 && source[at - 1] == '.'))
    return at;
  bool is_float = false;
  if (end < source.size() && source[end] == '.')
    if (const auto fraction = digits_end(source, end + 1); fraction > end + 1) {
      end = fraction;
      is_float = true;
    }
  if (end < source.size() && (source[end] == 'e' || source[end] == 'E')) {
    const auto has_sign = end + 1 < source.size() && (source[end + 1] == '+' || source[end + 1] == '-');
    const auto begin = end + (has_sign ? 2 : 1);
    if (const auto exponent = digits_end(source, begin); exponent > begin) {
      end = exponent;
      is_float = true;
    }
  }
  return is_float ? end : at;
}

std::size_t integer_end(std::string_view source, std::size_t at) {
  constexpr std::array<std::pair<char, std::string_view>, 3> bases{
      {{'b', "01"}, {'o', "01234567"}, {'x', "0123456789abcdefABCDEF"}}};
  if (source[at] != '0')
    return digits_end(source, at);
  const auto run_end = [&](std::size_t end, std::string_view digits) {
    const auto is_one = [&](std::size_t i) { return i < source.size() && digits.find(source[i]) != digits.npos; };
    while (is_one(end) || (end < source.size() && source[end] == '_' && is_one(end + 1)))
      ++end;
    return end;
  };
  for (const auto& [letter, digits] : bases)
    if (at + 1 < source.size() && (source[at + 1] | 0x20) == letter)
      if (const auto end = run_end(at + 2, digits); end > at + 2)
        return end;
  return run_end(at + 1, "0");
}

std::int64_t integer_of(std::string_view text) {
  const bool has_base = text.size() > 1 && text[0] == '0' && text[1] > '9';
  const char letter = has_base ? static_cast<char>(text[1] | 0x20) : ' ';
  const char* begin = text.data() + (has_base ? 2 : 0);
  const char* end = text.data() + text.size();
  std::int64_t number = 0;
  const auto result = std::from_chars(begin, end, number,
                                      letter == 'x'   ? 16
                                      : letter == 'o' ? 8
                                      : letter == 'b' ? 2
                                                      : 10);
  if (result.ec != std::errc())
    throw fault("the number " + std::string(text) + " is too large: integers have 64 bits");
  return number;
}

double real_of(std::string_view text) {
  double number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec == std::errc::result_out_of_range) { // as Python rounds it: to nothing, or to infinity
    const auto e = text.find_first_of("eE");
    number = e != std::string_view::npos && text[e + 1] == '-' ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return number;
}

} // namespace avp::jinja
