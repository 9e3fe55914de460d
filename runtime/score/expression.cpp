// A parser by recursive descent that computes while it reads.
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

#include <avp/agents/ascii.hpp>
#include <avp/runtime/score/expression.hpp>

namespace avp {
namespace {

using value = std::complex<double>;

struct no_expression {};

constexpr std::size_t longest = 2000; ///< Characters; no answer is longer, and recursion stays shallow.
constexpr int deepest = 100;

struct function {
  std::string_view name;
  value (*apply)(const value&);
};

// In an order in which no name hides a longer one.
constexpr std::array<function, 14> functions{{{"arcsin", [](const value& x) { return std::asin(x); }},
                                              {"arccos", [](const value& x) { return std::acos(x); }},
                                              {"arctan", [](const value& x) { return std::atan(x); }},
                                              {"sinh", [](const value& x) { return std::sinh(x); }},
                                              {"cosh", [](const value& x) { return std::cosh(x); }},
                                              {"tanh", [](const value& x) { return std::tanh(x); }},
                                              {"sin", [](const value& x) { return std::sin(x); }},
                                              {"cos", [](const value& x) { return std::cos(x); }},
                                              {"tan", [](const value& x) { return std::tan(x); }},
                                              {"cot", [](const value& x) { return 1.0 / std::tan(x); }},
                                              {"sec", [](const value& x) { return 1.0 / std::cos(x); }},
                                              {"csc", [](const value& x) { return 1.0 / std::sin(x); }},
                                              {"ln", [](const value& x) { return std::log(x); }},
                                              {"exp", [](const value& x) { return std::exp(x); }}}};

class parser {
public:
  parser(std::string_view text, unsigned sample) : text_(text), sample_(sample) {}

  value parse() {
    const auto result = sum();
    if (at_ != text_.size())
      throw no_expression();
    return result;
  }

private:
  struct depth_guard {
    int& depth;
    explicit depth_guard(int& counter) : depth(counter) {
      if (++depth > deepest)
        throw no_expression();
    }
    ~depth_guard() { --depth; }
  };

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word))
      return false;
    at_ += word.size();
    return true;
  }

  /// A command is taken whole: `\pi` is not the beginning of `\pink`.
  bool take_command(std::string_view name) {
    const auto rest = text_.substr(at_);
    if (!rest.starts_with('\\') || !rest.substr(1).starts_with(name) ||
        (rest.size() > name.size() + 1 && is_letter(rest[name.size() + 1])))
      return false;
    at_ += name.size() + 1;
    take(" ");
    return true;
  }

  void expect(std::string_view word) {
    if (!take(word))
      throw no_expression();
  }

  value sum() {
    const depth_guard guard(depth_);
    value result = 0;
    bool minus = false;
    if (take("-"))
      minus = true;
    else
      take("+");
    while (true) {
      const auto next = product();
      result += minus ? -next : next;
      if (take("+"))
        minus = false;
      else if (take("-"))
        minus = true;
      else
        return result;
    }
  }

  value product() {
    auto result = power();
    while (true) {
      if (take("*"))
        result *= signed_power();
      else if (take("/"))
        result /= signed_power();
      else if (begins_factor())
        result *= power();
      else
        return result;
    }
  }

  value signed_power() { return take("-") ? -power() : power(); }

  [[nodiscard]] bool begins_factor() const {
    const char c = peek();
    return is_letter(c) || is_digit(c) || c == '(' || c == '[' || c == '{' || c == '.' || (c == '|' && bars_ == 0) ||
           (c == '\\' && at_ + 1 < text_.size() && is_letter(text_[at_ + 1]));
  }

  value power() {
    const depth_guard guard(depth_);
    auto base = atom();
    while (take("!"))
      base = std::tgamma(base.real() + 1);
    if (!take("^"))
      return base;
    return raise(base, exponent());
  }

  static value raise(const value& base, const value& exponent) {
    if (base.imag() == 0 && exponent.imag() == 0 &&
        (base.real() >= 0 || exponent.real() == std::round(exponent.real())))
      return std::pow(base.real(), exponent.real()); // exact where the complex logarithm is not
    return std::pow(base, exponent);
  }

  /// Behind `^` people write 10 and mean it, whatever TeX makes of it.
  value exponent() {
    const bool minus = take("-");
    const auto result = is_digit(peek()) ? number() : power();
    return minus ? -result : result;
  }

  /// What a command such as `\frac` takes: a group, or one digit, letter or command.
  value argument() {
    if (is_digit(peek()))
      return text_[at_++] - '0';
    if (is_letter(peek()))
      return variable(std::string(1, text_[at_++]));
    return atom();
  }

  value group(std::string_view open, std::string_view close) {
    expect(open);
    const auto bars = std::exchange(bars_, 0);
    const auto result = sum();
    bars_ = bars;
    expect(close);
    return result;
  }

  value atom() {
    switch (peek()) {
    case '(':
      return group("(", ")");
    case '[':
      return group("[", "]");
    case '{':
      return group("{", "}");
    case '|':
      return absolute();
    default:
      break;
    }
    if (is_digit(peek()) || peek() == '.')
      return mixed_number();
    if (peek() == '\\')
      return command();
    if (is_letter(peek()))
      return word();
    throw no_expression();
  }

  value absolute() {
    expect("|");
    ++bars_;
    const auto inside = sum();
    --bars_;
    expect("|");
    return std::abs(inside);
  }

  value number() {
    const auto begin = at_;
    while (is_digit(peek()))
      ++at_;
    if (peek() == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) {
      ++at_;
      while (is_digit(peek()))
        ++at_;
    }
    if (at_ == begin || peek() == '_') // 1011_2 is a number of another base
      throw no_expression();
    return std::stod(std::string(text_.substr(begin, at_ - begin)));
  }

  value mixed_number() {
    const auto whole = number();
    constexpr std::string_view fraction = "\\frac{";
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(fraction) || !is_digit(rest.size() > fraction.size() ? rest[fraction.size()] : ' '))
      return whole;
    const auto begin = at_;
    take(fraction);
    const auto above = number();
    if (take("}{") && is_digit(peek())) {
      const auto below = number();
      if (take("}"))
        return whole + above / below;
    }
    at_ = begin; // 2\frac{3x}{4} is a product
    return whole;
  }

  value command() {
    if (take_command("frac")) {
      const auto above = argument();
      return above / argument();
    }
    if (take_command("sqrt"))
      return root();
    if (take_command("binom")) {
      const auto n = argument().real();
      const auto k = argument().real();
      return std::tgamma(n + 1) / (std::tgamma(k + 1) * std::tgamma(n - k + 1));
    }
    if (take_command("log"))
      return logarithm();
    if (take_command("pi"))
      return std::numbers::pi;
    for (const auto& known : functions)
      if (take_command(known.name))
        return applied(known);
    return greek();
  }

  value root() {
    if (!take("["))
      return std::sqrt(argument());
    const auto degree = sum();
    expect("]");
    const auto inside = argument();
    if (inside.imag() == 0 && inside.real() < 0 && std::fmod(degree.real(), 2) == 1)
      return -std::pow(-inside.real(), 1 / degree.real());
    return raise(inside, 1.0 / degree);
  }

  value logarithm() {
    value base = 10;
    if (take("_"))
      base = argument();
    return std::log(operand()) / std::log(base);
  }

  value applied(const function& known) {
    if (!take("^"))
      return known.apply(operand());
    const auto exponent_of = exponent();
    if (exponent_of == value(-1)) // an inverse here, a reciprocal there
      throw no_expression();
    return raise(known.apply(operand()), exponent_of);
  }

  /// What a function is applied to: a bracket, or else a product without signs (`\sin 2x`).
  value operand() {
    if (peek() == '(' || peek() == '{')
      return atom();
    auto result = power();
    while (is_letter(peek()) || is_digit(peek()) || text_.substr(at_).starts_with("\\pi") ||
           text_.substr(at_).starts_with("\\theta"))
      result *= power();
    return result;
  }

  /// Letters: names that people write without a backslash, else one variable each.
  value word() {
    if (take("sqrt"))
      return std::sqrt(peek() == '(' ? atom() : argument());
    if (take("pi"))
      return std::numbers::pi;
    if (take("log"))
      return logarithm();
    for (const auto& known : functions)
      if (take(known.name))
        return applied(known);
    return variable(std::string(1, text_[at_++]));
  }

  value greek() {
    const auto begin = at_++;
    while (is_letter(peek()))
      ++at_;
    const auto name = text_.substr(begin, at_ - begin);
    take(" ");
    if (name.size() < 2 || name == "\\text" || name == "\\begin" || name == "\\pm" || name == "\\overline")
      throw no_expression();
    return variable(std::string(name));
  }

  value variable(std::string name) {
    if (take("_")) {
      name += '_';
      if (peek() == '{') {
        const auto end = text_.find('}', at_);
        if (end == std::string_view::npos)
          throw no_expression();
        name += text_.substr(at_, end + 1 - at_);
        at_ = end + 1;
      } else if (peek() != '\0') {
        name += text_[at_++];
      }
    }
    if (name == "e")
      return std::numbers::e;
    if (name == "i")
      return {0, 1};
    // FNV-1a, spread over 0.5 to 2: positive, so that roots and logarithms stay on one branch.
    std::uint64_t hash = 14695981039346656037ULL + sample_;
    for (const char c : name)
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    hash ^= hash >> 29U;
    return 0.5 + 1.5 * static_cast<double>(hash % 999983) / 999983;
  }

  std::string_view text_;
  unsigned sample_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int bars_ = 0;
};

} // namespace

std::optional<value> evaluate(std::string_view plain, unsigned sample) {
  if (plain.empty() || plain.size() > longest)
    return {};
  try {
    const auto result = parser(plain, sample).parse();
    if (std::isfinite(result.real()) && std::isfinite(result.imag()))
      return result;
  } catch (const no_expression&) {
  } catch (const std::out_of_range&) { // a number of hundreds of digits
  }
  return {};
}

} // namespace avp
