// Translating Oniguruma's patterns: https://github.com/kkos/oniguruma/blob/master/doc/RE, "syntax: Ruby".
#include "gpu/text/ruby_pattern.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace avp {

namespace {

constexpr std::string_view word_class = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex_digit(char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Reads a pattern from the front; `rest_` is what is left.
class ruby_pattern_reader {
public:
  explicit ruby_pattern_reader(std::string_view pattern) : rest_(pattern) {}

  std::string read() {
    if (rest_.starts_with("(?i)")) // for the whole of it; further in it reaches elsewhere in Ruby
      copy(4);
    while (!rest_.empty())
      read_one();
    return std::move(made_);
  }

private:
  [[noreturn]] static void refuse(std::string_view construct) {
    throw std::invalid_argument("the pattern holds " + std::string(construct) + ", which is not supported");
  }

  void copy(std::size_t count) {
    made_ += rest_.substr(0, count);
    rest_.remove_prefix(std::min(count, rest_.size()));
  }

  void read_one() {
    switch (rest_.front()) {
    case '\\':
      read_escape(false);
      break;
    case '[':
      read_class();
      break;
    case '(':
      read_open();
      break;
    case '{':
      read_interval();
      break;
    case '^':
    case '$':
      refuse("the anchor \"" + std::string(rest_.substr(0, 1)) + "\"");
    default:
      copy(1);
    }
  }

  /// A backslash and what belongs to it.
  void read_escape(bool in_class) {
    if (rest_.size() < 2)
      refuse("a backslash at its end");
    const char c = rest_[1];
    const auto put = [&](std::string_view text) {
      made_ += text;
      rest_.remove_prefix(2);
    };
    if (!is_ascii_letter(c) && !is_ascii_digit(c))
      return copy(2);
    switch (c) {
    case 's':
      return put(R"(\p{WSpace})");
    case 'S':
      return put(R"(\P{WSpace})");
    case 'd':
      return put(R"(\p{Nd})");
    case 'D':
      return put(R"(\P{Nd})");
    case 'w':
      return put(in_class ? std::string(word_class) : "[" + std::string(word_class) + "]");
    case 'W':
      if (in_class)
        refuse("\"\\W\" in a class");
      return put("[^" + std::string(word_class) + "]");
    case 'n':
    case 'r':
    case 't':
    case 'f':
    case 'a':
    case 'e':
      return copy(2);
    case 'v':
      return put(R"(\x0b)");
    case 'p':
    case 'P':
      return read_property();
    case 'x':
    case 'u':
      return read_code_point(c);
    default:
      refuse("\"" + std::string(rest_.substr(0, 2)) + "\"");
    }
  }

  void read_property() {
    const auto end = rest_.find('}');
    if (rest_.size() < 3 || rest_[2] != '{' || end == std::string_view::npos)
      refuse("\"\\p\" without a name in braces");
    copy(end + 1);
  }

  void read_code_point(char kind) {
    std::string_view digits = rest_.substr(2);
    const bool braces = kind == 'x' && digits.starts_with('{');
    if (braces)
      digits.remove_prefix(1);
    std::size_t count = 0;
    while (count < digits.size() && count < (braces ? 6U : kind == 'u' ? 4U : 2U) && is_hex_digit(digits[count]))
      ++count;
    const bool whole =
        braces ? count > 0 && count < digits.size() && digits[count] == '}' : count == (kind == 'u' ? 4 : 2);
    if (!whole)
      refuse("\"" + std::string(rest_.substr(0, 2)) + "\" without a number");
    const auto number = std::stoul(std::string(digits.substr(0, count)), nullptr, 16);
    if (kind == 'x' && !braces && number >= 0x80)
      refuse("the byte \"" + std::string(rest_.substr(0, 4)) + "\"");
    made_ += R"(\x{)" + std::string(digits.substr(0, count)) + "}";
    rest_.remove_prefix(2 + count + (braces ? 2 : 0));
  }

  void read_class() {
    copy(1);
    if (rest_.starts_with('^'))
      copy(1);
    if (rest_.starts_with(']'))
      refuse("a class that begins with \"]\"");
    while (!rest_.empty() && rest_.front() != ']') {
      if (rest_.front() == '\\')
        read_escape(true);
      else if (rest_.front() == '[')
        refuse("a class inside of a class");
      else if (rest_.starts_with("&&"))
        refuse("\"&&\" in a class");
      else
        copy(1);
    }
    if (rest_.empty())
      refuse("a class without an end");
    copy(1);
  }

  void read_open() {
    if (!rest_.starts_with("(?"))
      return copy(1);
    constexpr std::array<std::string_view, 8> known{"(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!", "(?i:", "(?-i:"};
    const auto* const found =
        std::find_if(known.begin(), known.end(), [&](std::string_view open) { return rest_.starts_with(open); });
    if (found == known.end())
      refuse("the group \"" + std::string(rest_.substr(0, 4)) + "\"");
    copy(found->size());
  }

  /// `{2}`, `{2,}`, `{2,3}` or `{,3}`; any other brace is one.
  void read_interval() {
    std::size_t at = 1;
    const auto digits = [&] {
      const auto begin = at;
      while (at < rest_.size() && is_ascii_digit(rest_[at]))
        ++at;
      return at - begin;
    };
    const auto least = digits();
    const bool comma = at < rest_.size() && rest_[at] == ',';
    at += comma ? 1 : 0;
    const auto most = comma ? digits() : 0;
    if (at >= rest_.size() || rest_[at] != '}' || least + most == 0) {
      made_ += '\\';
      return copy(1);
    }
    ++at;
    const std::string_view behind = rest_.substr(at);
    if (behind.starts_with('+') || (behind.starts_with('?') && !comma))
      refuse("\"" + std::string(rest_.substr(0, at + 1)) + "\"");
    if (least == 0) {
      made_ += "{0";
      rest_.remove_prefix(1);
      --at;
    }
    copy(at);
  }

  std::string_view rest_;
  std::string made_;
};

} // namespace

std::string pcre_of_ruby_pattern(std::string_view pattern) { return ruby_pattern_reader(pattern).read(); }

} // namespace avp
