// A scan over prose for numbers.
#include "agents/text/final_number.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "agents/text/final_answer.hpp"
#include "agents/text/written_number.hpp"
#include "transport/ascii.hpp"

namespace avp {
namespace {

struct found_number {
  mpq_class value;
  std::size_t begin = 0; ///< Where its digits begin, sign and currency not included.
  std::size_t end = 0;
};

/// TeX and Unicode ways to write numbers in those that the scan knows.
std::string plain_numbers(std::string_view text) {
  using spelling = std::pair<std::string_view, std::string_view>;
  constexpr auto spellings = std::to_array<spelling>({{"\\!", ""},
                                                      {"\\$", "$"},
                                                      {"\\;", " "},
                                                      {"\\:", " "},
                                                      {"\\dfrac", "\\frac"},
                                                      {"\\tfrac", "\\frac"},
                                                      {"\\cfrac", "\\frac"},
                                                      {"\\left", ""},
                                                      {"\\right", ""},
                                                      {"\u2212", "-"},
                                                      {"\u00A0", " "},
                                                      {"\u202F", " "},
                                                      {"\u20AC", "$"},
                                                      {"\u00A3", "$"},
                                                      {"\u00A5", "$"},
                                                      {"\u00D7", "\\times "},
                                                      {"\u00B7", "\\cdot "},
                                                      {"\u22C5", "\\cdot "},
                                                      {"\u00BD", "\\frac12"},
                                                      {"\u00BC", "\\frac14"},
                                                      {"\u00BE", "\\frac34"},
                                                      {"\u2070", "^0"},
                                                      {"\u00B9", "^1"},
                                                      {"\u00B2", "^2"},
                                                      {"\u00B3", "^3"},
                                                      {"\u2074", "^4"},
                                                      {"\u2075", "^5"},
                                                      {"\u2076", "^6"},
                                                      {"\u2077", "^7"},
                                                      {"\u2078", "^8"},
                                                      {"\u2079", "^9"},
                                                      {"\u207B", "^-"}});
  std::string result(text);
  for (const auto& [from, to] : spellings)
    replace_all(result, from, to);
  replace_all(result, ",\\!", ",");
  for (auto at = result.find('^'); at != std::string::npos; at = result.find('^', at + 1)) // ^-^3 of Unicode
    while (at + 2 < result.size() && (result[at + 1] == '-' || is_digit(result[at + 1])) && result[at + 2] == '^')
      result.erase(at + 2, 1);
  return result;
}

class scanner {
public:
  explicit scanner(std::string_view text) : text_(text) {}

  /// The first number at or after `from`.
  std::optional<found_number> next(std::size_t from) {
    for (at_ = from; at_ < text_.size();) {
      const auto begin = at_;
      if (!is_digit(text_[begin]) && !is_leading_point(begin) && !starts("\\frac")) {
        ++at_;
        continue;
      }
      auto number = fraction_or_number();
      if (!number) {
        at_ = std::max(at_, begin + 1);
        continue;
      }
      raise(*number);
      if (is_glued(begin) || is_exponent(begin))
        continue;
      if (is_negative(begin))
        *number = -*number;
      return found_number{*std::move(number), begin, at_};
    }
    return {};
  }

private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool starts(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  bool take(std::string_view word) {
    if (!starts(word))
      return false;
    at_ += word.size();
    return true;
  }

  void skip_blanks() {
    while (take(" ") || take("\\,") || take("\\ ") || take("~"))
      ;
  }

  [[nodiscard]] bool is_leading_point(std::size_t at) const {
    return text_[at] == '.' && at + 1 < text_.size() && is_digit(text_[at + 1]) &&
           (at == 0 || (!is_digit(text_[at - 1]) && !is_letter(text_[at - 1])));
  }

  std::optional<mpq_class> plain() {
    if (!is_digit(peek()) && !(peek() == '.' && is_digit(peek(1))))
      return {};
    auto number = read_number(text_, at_, {});
    if (!number) { // an absurd exponent
      while (is_digit(peek()) || peek() == '.' || peek() == '-' || lower(peek()) == 'e')
        ++at_;
      return {};
    }
    at_ = number->end;
    return std::move(number->value);
  }

  std::optional<mpq_class> fraction_or_number() {
    if (peek() == '\\')
      return tex_fraction();
    const auto begin = at_;
    auto number = plain();
    if (!number)
      return {};
    if (number->get_den() == 1)
      if (const auto rest = proper_fraction())
        return *number + *rest;
    const auto end = at_;
    if (take("/"))
      if (const auto below = plain(); below && *below != 0 && peek() != '/' && (begin == 0 || text_[begin - 1] != '/'))
        return *number / *below; // 1/2/2024 is a date
    at_ = end;
    return number;
  }

  /// Behind an integer, what makes it a mixed number: `\frac12` or 1/2 behind a blank, below 1.
  std::optional<mpq_class> proper_fraction() {
    const auto begin = at_;
    skip_blanks();
    std::optional<mpq_class> fraction;
    if (starts("\\frac")) {
      fraction = tex_fraction();
    } else if (at_ > begin && is_digit(peek())) {
      auto above = plain();
      if (above && take("/"))
        if (const auto below = plain(); below && *below != 0 && peek() != '/')
          fraction = *above / *below;
    }
    if (fraction && *fraction > 0 && *fraction < 1)
      return fraction;
    at_ = begin;
    return {};
  }

  /// `\frac{3}{4}`, `\frac34`; nothing where it holds more than numbers.
  std::optional<mpq_class> tex_fraction() {
    const auto begin = at_;
    if (take("\\frac"))
      if (const auto above = argument())
        if (const auto below = argument(); below && *below != 0)
          return *above / *below;
    at_ = begin + 1;
    return {};
  }

  std::optional<mpq_class> argument() {
    skip_blanks();
    if (is_digit(peek()))
      return mpq_class(text_[at_++] - '0');
    if (!take("{"))
      return {};
    skip_blanks();
    const bool minus = take("-");
    auto number = plain();
    skip_blanks();
    if (!number || !take("}"))
      return {};
    return minus ? mpq_class(-*number) : *number;
  }

  /// `10^6`, `1.5 \times 10^{-3}`.
  void raise(mpq_class& number) {
    if (const auto exponent = exponent_here())
      return to_power(number, *exponent);
    const auto end = at_;
    skip_blanks();
    if (take("\\times") || take("\\cdot") || take("*")) {
      skip_blanks();
      if (take("10"))
        if (const auto exponent = exponent_here()) {
          const mpq_class factor(power_of_ten(static_cast<unsigned long>(std::abs(*exponent))));
          number = *exponent < 0 ? mpq_class(number / factor) : mpq_class(number * factor);
          return;
        }
    }
    at_ = end;
  }

  std::optional<long> exponent_here() {
    const auto begin = at_;
    if (take("^") || take("**")) {
      const bool braces = take("{");
      const bool minus = take("-");
      const auto digits = at_;
      while (is_digit(peek()))
        ++at_;
      constexpr std::size_t longest = 4;
      const auto size = at_ - digits;
      if (size > 0 && size <= longest && (!braces || take("}"))) {
        const auto exponent = std::strtol(std::string(text_.substr(digits, size)).c_str(), nullptr, 10);
        return minus ? -exponent : exponent;
      }
    }
    at_ = begin;
    return {};
  }

  static void to_power(mpq_class& number, long exponent) {
    constexpr std::size_t most_bits = 200000;
    const auto size = static_cast<unsigned long>(std::abs(exponent));
    const auto bits = mpz_sizeinbase(number.get_num_mpz_t(), 2) + mpz_sizeinbase(number.get_den_mpz_t(), 2);
    if (bits * size > most_bits || (number == 0 && exponent < 0))
      return; // no answer to a problem
    mpz_class above;
    mpz_class below;
    mpz_pow_ui(above.get_mpz_t(), number.get_num_mpz_t(), size);
    mpz_pow_ui(below.get_mpz_t(), number.get_den_mpz_t(), size);
    number = exponent < 0 ? mpq_class(below, above) : mpq_class(above, below);
    number.canonicalize();
  }

  /// x2, box_9: the end of a word. `\cdot 5` and `\pi2` are none.
  [[nodiscard]] bool is_glued(std::size_t at) const {
    if (at == 0 || text_[at] == '\\')
      return false;
    if (text_[at - 1] == '_' || (at > 1 && text_[at - 1] == '{' && text_[at - 2] == '_'))
      return true;
    auto begin = at;
    while (begin > 0 && is_letter(text_[begin - 1]))
      --begin;
    return begin < at && (begin == 0 || text_[begin - 1] != '\\');
  }

  /// The 2 of cm^2, x^{-2}.
  [[nodiscard]] bool is_exponent(std::size_t at) const {
    at -= at > 0 && text_[at - 1] == '-' ? 1 : 0;
    at -= at > 0 && text_[at - 1] == '{' ? 1 : 0;
    return at > 0 && text_[at - 1] == '^';
  }

  /// Whether a minus belongs to the number whose digits (or currency sign) begin at `at`: not after a digit, letter or
  /// bracket, where it is a difference or a range.
  [[nodiscard]] bool is_negative(std::size_t at) const {
    if (at > 0 && text_[at - 1] == '$')
      --at;
    if (at == 0 || text_[at - 1] != '-')
      return false;
    if (at == 1)
      return true;
    const char before = text_[at - 2];
    return !is_digit(before) && !is_letter(before) && before != ')' && before != ']' && before != '}' && before != '-';
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<found_number> last_number(std::string_view text) {
  scanner scan(text);
  std::optional<found_number> last;
  for (auto next = scan.next(0); next; next = scan.next(next->end))
    last = next;
  return last;
}

/// The number right behind the last `####` that has one. A Markdown heading (`#### Step 3`, `#### 3. Add`) has none.
std::optional<mpq_class> number_behind_hashes(std::string_view text) {
  constexpr std::string_view mark = "####";
  for (auto end = text.size(); end > 0;) {
    const auto at = text.rfind(mark, end - 1);
    if (at == std::string_view::npos)
      return {};
    end = at;
    const auto begin = at + mark.size();
    const auto line = text.substr(begin, text.find('\n', begin) - begin);
    const auto number = scanner(line).next(0);
    if (!number || line.substr(0, number->begin).find_first_not_of(" \t:*$=-+") != std::string_view::npos)
      continue;
    const auto rest = line.substr(number->end);
    const bool heading = rest.size() > 1 && (rest[0] == '.' || rest[0] == ')' || rest[0] == ':') &&
                         std::any_of(rest.begin(), rest.end(), is_letter);
    if (!heading)
      return number->value;
  }
  return {};
}

} // namespace

std::optional<mpq_class> final_number(std::string_view text) {
  const auto plain = plain_numbers(text);
  if (const auto boxed = last_boxed(plain))
    if (const auto number = last_number(*boxed))
      return number->value;
  if (const auto number = number_behind_hashes(plain))
    return number;
  if (const auto number = last_number(plain))
    return number->value;
  return {};
}

} // namespace avp
