// Digits first, then what people put behind them.
#include "agents/text/written_number.hpp"

#include <algorithm>
#include <cstdlib>

#include "transport/ascii.hpp"

namespace avp {
namespace {

class number_reader {
public:
  number_reader(std::string_view text, std::size_t at, const number_style& style)
      : text_(text),
        at_(at),
        style_(style) {}

  std::optional<written_number> read() {
    auto whole = digits();
    groups(whole);
    std::string decimals;
    std::string repeating;
    const bool point = peek() == '.' && reads_point();
    if (point) {
      ++at_;
      decimals = digits();
      repeating = repetend(decimals);
    }
    written_number result{.value = value_of(whole, decimals, repeating)};
    result.text = whole + (point ? "." + decimals : "") + (repeating.empty() ? "" : "(" + repeating + ")");
    if (point && repeating.empty()) {
      const auto all = whole + decimals;
      result.decimals = static_cast<int>(decimals.size());
      result.digits = static_cast<int>(all.size() - std::min(all.find_first_not_of('0'), all.size()));
    }
    if (!read_exponent(result, point, whole == "1"))
      return {};
    result.end = at_;
    return result;
  }

private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool next_is(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  std::string digits() {
    const auto begin = at_;
    while (is_digit(peek()))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  /// The length of what separates thousands at this place: `{,}` and `\,` always, others where the style allows them.
  [[nodiscard]] std::size_t separator() const {
    for (const std::string_view mark : {"{,}", ",\\!", "\\,", "\\ "})
      if (next_is(mark)) {
        auto length = mark.size();
        while (peek(length) == ' ')
          ++length;
        return length;
      }
    const char c = peek();
    return (c == ',' && style_.commas) || ((c == ' ' || c == '~') && style_.blanks) ? 1 : 0;
  }

  /// 12,345,678: one to three digits, then groups of three behind the same separator.
  void groups(std::string& whole) {
    if (whole.empty() || whole.size() > 3 || whole[0] == '0')
      return;
    const char mark = peek();
    while (peek() == mark) {
      const auto gap = separator();
      if (gap == 0 || !is_digit(peek(gap)) || !is_digit(peek(gap + 1)) || !is_digit(peek(gap + 2)) ||
          is_digit(peek(gap + 3)) || (mark == ' ' && peek(gap + 3) == '/')) // 1 123/124
        return;
      at_ += gap;
      whole += digits();
    }
  }

  /// A point belongs to the number before decimals, digits that repeat, and in TeX where it ends the number.
  [[nodiscard]] bool reads_point() const {
    return is_digit(peek(1)) || next_is(".\\overline") || next_is(".\\bar") || next_is(".\\dot") ||
           (next_is(".(") && is_digit(peek(2)));
  }

  /// The digits that a command takes: those in braces, or one.
  std::string argument() {
    const auto begin = at_;
    while (peek() == ' ')
      ++at_;
    std::string taken;
    if (is_digit(peek())) {
      taken = text_.substr(at_++, 1);
    } else if (peek() == '{') {
      ++at_;
      taken = digits();
      if (peek() != '}')
        taken.clear();
      ++at_;
    }
    if (taken.empty())
      at_ = begin;
    return taken;
  }

  /// The digits that repeat without end, where there are some; `decimals` keeps those before them.
  std::string repetend(const std::string& decimals) {
    const auto begin = at_;
    for (const std::string_view command : {"\\overline", "\\bar", "\\dot"}) {
      if (!next_is(command))
        continue;
      at_ += command.size();
      if (const auto repeating = argument(); !repeating.empty())
        return command == "\\dot" ? repeating + to_next_dot() : repeating;
      at_ = begin;
    }
    if (peek() == '(' && decimals.empty()) { // 0.5(3) is a product
      ++at_;
      auto repeating = digits();
      if (peek() == ')' && !repeating.empty()) {
        ++at_;
        return repeating;
      }
      at_ = begin;
    }
    for (const std::string_view mark : {"...", "\\ldots", "\\dots", "\\cdots", "\u2026"})
      if (next_is(mark))
        if (auto repeating = repeated_end(decimals); !repeating.empty()) {
          at_ += mark.size();
          return repeating;
        }
    return {};
  }

  /// 0.\dot{1}4\dot{2}: what stands between the dots repeats, too.
  std::string to_next_dot() {
    const auto begin = at_;
    auto between = digits();
    constexpr std::string_view mark = "\\dot";
    if (next_is(mark)) {
      at_ += mark.size();
      if (const auto last = argument(); !last.empty())
        return between + last;
    }
    at_ = begin;
    return {};
  }

  /// What decimals end with two times, or three where it is one digit: 142 of 142142, 6 of 1666.
  static std::string repeated_end(const std::string& decimals) {
    constexpr std::size_t longest = 30;
    for (std::size_t size = 1; size <= longest && 2 * size <= decimals.size(); ++size) {
      const auto times = size == 1 ? 3U : 2U;
      if (times * size > decimals.size())
        continue;
      const auto last = decimals.substr(decimals.size() - size);
      bool repeats = true;
      for (std::size_t i = 2; i <= times; ++i)
        repeats = repeats && decimals.compare(decimals.size() - i * size, size, last) == 0;
      if (repeats)
        return last;
    }
    return {};
  }

  static mpq_class value_of(const std::string& whole, const std::string& decimals, const std::string& repeating) {
    const auto integer = [](const std::string& digits) {
      return digits.empty() ? mpz_class(0) : mpz_class(digits, 10);
    };
    mpq_class result(integer(whole + decimals), power_of_ten(decimals.size()));
    result.canonicalize();
    if (!repeating.empty()) {
      mpq_class rest(integer(repeating), (power_of_ten(repeating.size()) - 1) * power_of_ten(decimals.size()));
      rest.canonicalize();
      result += rest;
    }
    return result;
  }

  /// 1.5e-3. Behind an integer other than 1, e with a sign may be Euler's number and a difference.
  bool read_exponent(written_number& number, bool point, bool is_one) {
    if (lower(peek()) != 'e')
      return true;
    const std::size_t sign = peek(1) == '-' || peek(1) == '+' ? 1 : 0;
    if (!is_digit(peek(1 + sign)) || (sign == 1 && !style_.exponents && !point && !is_one))
      return true;
    auto end = at_ + 1 + sign;
    while (end < text_.size() && is_digit(text_[end]))
      ++end;
    if (end < text_.size() && is_letter(text_[end]))
      return true;
    constexpr std::size_t longest = 6; // with e and sign; physics ends at 10^200
    if (end - at_ > longest)
      return false;
    const auto exponent = std::strtol(std::string(text_.substr(at_ + 1, end - at_ - 1)).c_str(), nullptr, 10);
    const mpq_class factor(power_of_ten(static_cast<unsigned long>(std::abs(exponent))));
    number.value = exponent < 0 ? mpq_class(number.value / factor) : mpq_class(number.value * factor);
    number.text += text_.substr(at_, end - at_);
    at_ = end;
    return true;
  }

  std::string_view text_;
  std::size_t at_;
  const number_style& style_;
};

} // namespace

mpz_class power_of_ten(unsigned long exponent) {
  mpz_class result;
  mpz_ui_pow_ui(result.get_mpz_t(), 10, exponent);
  return result;
}

std::optional<written_number> read_number(std::string_view text, std::size_t at, const number_style& style) {
  return number_reader(text, at, style).read();
}

} // namespace avp
