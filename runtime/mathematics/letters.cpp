// What a run of letters is, most certain signs first.
#include "runtime/mathematics/letters.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "runtime/mathematics/units.hpp"
#include "transport/ascii.hpp"

namespace avp::math {
namespace {

constexpr auto functions = std::to_array<std::string_view>(
    {"arcsin", "arccos", "arctan", "arccot", "sinh", "cosh", "tanh", "sin", "cos", "tan", "cot",
     "sec",    "csc",    "log",    "exp",    "sqrt", "gcd",  "lcm",  "max", "min", "ln"});
constexpr auto greek = std::to_array<std::string_view>(
    {"alpha", "beta", "gamma", "delta", "theta", "lambda", "sigma", "omega", "phi", "pi", "infinity", "infty"});

template <class Table>
bool is_one_of(std::string_view text, const Table& table) {
  return std::find(table.begin(), table.end(), text) != table.end();
}

bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// Whether people write such letters side by side for a product of variables: no vowels (`xy`, `kn`), or only `a` among
/// its neighbours (`abc`, `ax`), each letter once. Words are not written so.
bool looks_like_product(std::string_view run) {
  const auto small = lowered(run);
  for (std::size_t i = 0; i < small.size(); ++i)
    if (small.find(small[i], i + 1) != std::string::npos)
      return false;
  if (std::none_of(small.begin(), small.end(), is_vowel))
    return true;
  const std::string_view neighbours = small.size() == 2 ? "abcdgjkqrvwxyz" : "abcdxyz";
  return std::all_of(small.begin(), small.end(), [&](char c) { return neighbours.find(c) != std::string_view::npos; });
}

bool is_word(std::string_view run, const letters_place& place) {
  if (run.size() < 2)
    return false;
  if (place.among_letters || run.size() > 3)
    return !looks_like_product(run);
  return false;
}

/// Without its backslash a root takes a whole number, as in Unicode: `sqrt 13`, but `\sqrt13` is `\sqrt{1}3`.
std::string command_of(std::string_view function) {
  return function == "sqrt" ? "\\root" : "\\" + std::string(function);
}

void add(std::vector<token>& tokens, token_kind kind, std::string_view text, const letters_place& place) {
  tokens.push_back({.kind = kind, .text = std::string(text), .spaced = place.spaced, .upright = place.upright});
}

/// `sinx`, `xlny`: a function written without a backslash beside one letter.
bool add_function(std::string_view run, const letters_place& place, std::vector<token>& tokens) {
  for (const auto name : functions) {
    const auto at = run.find(name);
    if (at == std::string_view::npos || at > 1 || run.size() - at - name.size() > 1)
      continue;
    if (at == 1)
      add(tokens, token_kind::symbol, run.substr(0, 1), place);
    add(tokens, token_kind::command, command_of(name), place);
    if (at + name.size() < run.size())
      add(tokens, token_kind::symbol, run.substr(run.size() - 1), place);
    return true;
  }
  return false;
}

} // namespace

void add_letters(std::string_view run, const letters_place& place, std::vector<token>& tokens) {
  const auto small = lowered(run);
  if (small == "and" || small == "or")
    return add(tokens, token_kind::word, small, place);
  if (is_one_of(small, greek) && run != "Pi" && run != "PI")
    return add(tokens, token_kind::command, small.starts_with("inf") ? "\\infty" : "\\" + small, place);
  if (is_one_of(small, functions) && !(place.behind_value && (place.upright || small == "min") && is_unit(run)))
    return add(tokens, token_kind::command, command_of(small), place);
  if (place.upright)
    return add(tokens, run.size() == 1 ? token_kind::symbol : token_kind::word, run, place);
  const bool is_name = run.size() > 2 && std::all_of(run.begin(), run.end(), is_upper);
  if (place.behind_value && run.size() > 1 &&
      (is_unit(run) || (place.spaced && run.size() > 2 && !is_name && !looks_like_product(run))))
    return add(tokens, token_kind::word, run, place);
  if (is_name)
    return add(tokens, token_kind::symbol, run, place);
  if (run.size() < 8 && !place.among_letters && add_function(run, place, tokens))
    return;
  if (is_word(run, place))
    return add(tokens, token_kind::word, run, place);
  for (std::size_t i = 0; i < run.size(); ++i)
    add(tokens, token_kind::symbol, run.substr(i, 1), {.spaced = i == 0 && place.spaced});
}

bool is_letters_only(std::string_view text) {
  bool letters = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    letters = letters || is_letter(text[at]);
    if (is_digit(text[at]) || std::string_view("+=*/^_<>|\\").find(text[at]) != std::string_view::npos)
      return false;
  }
  return letters;
}

} // namespace avp::math
