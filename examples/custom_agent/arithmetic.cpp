// A recursive-descent reader of expressions.
#include "arithmetic.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <optional>

namespace calculator {

namespace {

// Reads one expression from the start of a text; what can't be read ends it.
class reader {
public:
  explicit reader(std::string_view text) : text_(text) {}

  // expression: term (('+' | '-') term)*
  std::optional<double> expression() {
    auto value = term();
    while (value) {
      const auto before = place_;
      const auto sign = take("+") ? 1 : take("-") || take("−") ? -1 : 0;
      const auto next = sign != 0 ? term() : std::nullopt;
      if (!next) {
        place_ = before;
        break;
      }
      *value += sign * *next;
      ++operations_;
    }
    return value;
  }

  // number: digits with thousands commas and decimals, a dollar sign before it
  std::optional<double> number() {
    skip_blanks();
    auto at = place_;
    if (at < text_.size() && text_[at] == '$')
      ++at;
    std::string digits;
    while (at < text_.size()) {
      const char c = text_[at];
      const bool digit_follows = at + 1 < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at + 1]));
      if (std::isdigit(static_cast<unsigned char>(c)) || (c == '.' && digit_follows))
        digits += c;
      else if (c != ',' || digits.empty() || !digit_follows)
        break;
      ++at;
    }
    if (digits.empty() || digits.size() > 18 || std::count(digits.begin(), digits.end(), '.') > 1)
      return std::nullopt;
    place_ = at;
    return std::stod(digits);
  }

  bool take(std::string_view symbol) {
    skip_blanks();
    if (!text_.substr(place_).starts_with(symbol))
      return false;
    place_ += symbol.size();
    return true;
  }

  void skip_blanks() {
    while (place_ < text_.size() && text_[place_] == ' ')
      ++place_;
  }

  std::size_t place() const { return place_; }
  int operations() const { return operations_; }

private:
  // term: factor (('*' | '/') factor)*
  std::optional<double> term() {
    auto value = factor();
    while (value) {
      const auto before = place_;
      const bool times = take("*") || take("×") || take("x ");
      const bool over = !times && (take("/") || take("÷"));
      const auto next = times || over ? factor() : std::nullopt;
      if (!next || (over && *next == 0)) {
        place_ = before;
        break;
      }
      *value = times ? *value * *next : *value / *next;
      ++operations_;
    }
    return value;
  }

  std::optional<double> factor() {
    if (!take("("))
      return number();
    if (++depth_ > 50)
      return std::nullopt;
    auto value = expression();
    --depth_;
    return take(")") ? value : std::nullopt;
  }

  std::string_view text_;
  std::size_t place_ = 0;
  int operations_ = 0;
  int depth_ = 0;
};

std::string written(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", value);
  std::string digits = text;
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.')
    digits.pop_back();
  return digits;
}

// 33.33 is right for a third of a hundred: as exact as its decimals.
bool is_right(double value, double claimed, std::string_view as_written) {
  const auto point = as_written.find('.');
  const auto decimals = point == std::string_view::npos ? 0 : as_written.size() - point - 1;
  return std::abs(value - claimed) <= (decimals == 0 ? 1e-9 : 0.5001) * std::pow(10.0, -static_cast<double>(decimals));
}

} // namespace

checked_text check_arithmetic(std::string_view text) {
  checked_text checked;
  for (std::size_t at = 0; at < text.size();) {
    const bool inside_word = at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) || text[at - 1] == '.');
    const bool may_begin = std::isdigit(static_cast<unsigned char>(text[at])) || text[at] == '(' || text[at] == '$';
    reader sum(text.substr(at));
    const auto value = may_begin && !inside_word ? sum.expression() : std::nullopt;
    if (!value || sum.operations() == 0 || !sum.take("=")) {
      checked.text += text[at++];
      continue;
    }
    sum.skip_blanks();
    const auto result_at = at + sum.place();
    const auto claimed = sum.number();
    const auto end = at + sum.place();
    checked.text += text.substr(at, result_at - at);
    if (claimed) {
      ++checked.sums;
      const auto as_written = text.substr(result_at, end - result_at);
      const bool right = is_right(*value, *claimed, as_written);
      checked.corrected += right ? 0 : 1;
      checked.text += right ? std::string(as_written) : (as_written.front() == '$' ? "$" : "") + written(*value);
    }
    at = end;
  }
  return checked;
}

} // namespace calculator
