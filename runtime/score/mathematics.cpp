// Where answers stand in texts, and their comparison as formulas.
#include "runtime/score/mathematics.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "agents/text/final_answer.hpp"
#include "runtime/mathematics/comparer.hpp"
#include "runtime/mathematics/read.hpp"
#include "transport/ascii.hpp"

namespace avp {
namespace {

constexpr std::size_t longest_answer = 1000;

// Where answers stand ------------------------------------------------------------------------------------------------

/// A formula in dollars, \( \) or \[ \], and where its closing sign ends.
struct marked_formula {
  std::string_view inside;
  std::size_t end = 0;
};

/// The last one. A dollar sign behind a backslash is money.
std::optional<marked_formula> last_formula(std::string_view text) {
  std::optional<marked_formula> last;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto rest = text.substr(at);
    std::string_view close;
    if (rest.starts_with("\\(") || rest.starts_with("\\["))
      close = rest[1] == '(' ? "\\)" : "\\]";
    else if (rest.starts_with('$'))
      close = "$";
    const auto open = close.size();
    if (close.empty()) {
      at += rest.starts_with('\\') ? 1 : 0;
      continue;
    }
    auto end = text.find(close, at + open);
    while (close == "$" && end != std::string_view::npos && text[end - 1] == '\\')
      end = text.find(close, end + 1);
    if (end == std::string_view::npos)
      continue;
    if (const auto inside = trimmed(text.substr(at + open, end - at - open)); !inside.empty())
      last = {inside, end + close.size()};
    at = end + close.size() - 1;
  }
  return last;
}

/// The last run of digits with what may belong to a number: sign, separators, point, slash, percent.
std::optional<std::string> last_number(std::string_view text) {
  auto end = text.size();
  while (end > 0 && !is_digit(text[end - 1]))
    --end;
  if (end == 0)
    return {};
  auto begin = end - 1;
  const auto belongs = [&](std::size_t at) {
    const char c = text[at];
    return is_digit(c) || ((c == ',' || c == '.' || c == '/') && at > 0 && (is_digit(text[at - 1]) || c == '.') &&
                           is_digit(text[at + 1]));
  };
  while (begin > 0 && belongs(begin - 1))
    --begin;
  const bool minus = begin > 0 && text[begin - 1] == '-' && (begin == 1 || !is_digit(text[begin - 2]));
  const bool percent = end < text.size() && text[end] == '%';
  return std::string(text.substr(begin - (minus ? 1 : 0), end - begin + (minus ? 1 : 0) + (percent ? 1 : 0)));
}

/// Whether a text is a formula and nothing else: one line without words but names of commands and what they enclose.
bool is_bare_formula(std::string_view text) {
  std::size_t letters = 0;
  int depth = 0;
  bool in_command = false;
  for (const char c : text) {
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    in_command = c == '\\' || (in_command && is_letter(c));
    letters = is_letter(c) && !in_command && depth == 0 ? letters + 1 : 0;
    if (letters > 1 || c == '\n')
      return false;
  }
  return !text.empty();
}

/// Whether a formula is only the name of a value: `n`, `x_1`, `f(2)`, `AB`.
bool is_only_name(std::string_view text) {
  constexpr std::size_t longest_name = 100;
  if (text.size() > longest_name)
    return false;
  try {
    const auto formula = math::read_formula(text, {});
    return formula.kind != math::node::words && formula.kind != math::node::tuple && math::is_name(formula);
  } catch (const math::no_formula&) {
    return false;
  }
}

/// What a text says that the name before it is: "is 34", "= \frac12".
std::optional<std::string> said_of_name(std::string_view text) {
  text = trimmed(text);
  for (const std::string_view verb :
       {"is equal to ", "is ", "are ", "equals ", "must be ", "will be ", "has to be ", "comes to ", "="})
    if (text.starts_with(verb)) {
      auto said = trimmed(text.substr(verb.size()));
      while (said.ends_with('.'))
        said = trimmed(said.substr(0, said.size() - 1));
      return is_bare_formula(said) ? std::string(said) : last_number(said);
    }
  return {};
}

/// The formula that a text gives as its answer. "The number $n$ is 34" gives 34.
std::optional<std::string> formula_of(std::string_view text) {
  const auto formula = last_formula(text);
  if (!formula)
    return {};
  if (is_only_name(formula->inside))
    if (auto said = said_of_name(text.substr(formula->end)))
      return said;
  return std::string(formula->inside);
}

std::optional<std::string> behind(std::string_view text, std::string_view mark) {
  const auto found = lowered(text).rfind(mark);
  if (found == std::string::npos)
    return {};
  auto rest = text.substr(found + mark.size());
  rest = trimmed(rest.substr(std::min(rest.find_first_not_of(" \t\r\n*:"), rest.size())));
  rest = trimmed(rest.substr(0, rest.find('\n')));
  return rest.empty() ? std::nullopt : std::optional(formula_of(rest).value_or(std::string(rest)));
}

// Comparison ---------------------------------------------------------------------------------------------------------

/// Whether both texts are the same row of tokens, in one of the readings.
bool written_alike(std::string_view given, std::string_view expected) {
  const auto same = [](const math::token& a, const math::token& b) { return a.kind == b.kind && a.text == b.text; };
  try {
    const auto left = math::tokens_of(given, {});
    const auto right = math::tokens_of(expected, {});
    return left.size() > 1 && std::equal(left.begin(), left.end(), right.begin(), right.end(), same);
  } catch (const math::no_formula&) {
    return trimmed(given) == trimmed(expected);
  }
}

bool means_the_same(std::string_view given, std::string_view expected, const math::reading& how,
                    math::comparer& comparison) {
  try {
    return comparison.equal(math::read_formula(given, how), math::read_formula(expected, how));
  } catch (const math::no_formula&) {
    return false;
  }
}

} // namespace

std::string final_mathematics(std::string_view text) {
  if (const auto boxed = last_boxed(text))
    return std::string(*boxed);
  for (const std::string_view mark : {"####", "answer is", "answer:", "answer**:"})
    if (const auto found = behind(text, mark))
      return *found;
  if (auto formula = formula_of(text))
    return *std::move(formula);
  const auto whole = trimmed(text);
  if (const auto number = last_number(text); number && !is_bare_formula(whole))
    return *number;
  return std::string(whole);
}

bool equal_mathematics(std::string_view given, std::string_view expected) {
  if (given.size() > longest_answer || expected.size() > longest_answer)
    return trimmed(given) == trimmed(expected);
  if (written_alike(given, expected))
    return true;
  math::comparer comparison;
  try {
    for (const bool thousands : {true, false})
      for (const bool exponents : {true, false})
        if (means_the_same(given, expected, {.thousands = thousands, .exponents = exponents}, comparison))
          return true;
  } catch (const math::too_much_work&) { // and not written alike
  }
  return false;
}

} // namespace avp
