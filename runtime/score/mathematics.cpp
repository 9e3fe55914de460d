// Comparison from the outside in: lists, relations, brackets, and expressions at last.
#include <algorithm>
#include <cmath>
#include <functional>
#include <regex>
#include <vector>

#include <avp/agents/ascii.hpp>
#include <avp/agents/final_answer.hpp>
#include <avp/runtime/score/expression.hpp>
#include <avp/runtime/score/latex.hpp>
#include <avp/runtime/score/mathematics.hpp>

namespace avp {
namespace {

using parts = std::vector<std::string>;

constexpr int deepest = 12;
constexpr unsigned samples = 4;

bool equal(const std::string& a, const std::string& b, int depth);

bool near(const std::complex<double>& a, const std::complex<double>& b) {
  constexpr double tolerance = 1e-9; // far above rounding, far below any rounding of an answer that counts
  return std::abs(a - b) <= tolerance * std::max({1e-3, std::abs(a), std::abs(b)});
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-'))
    text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool equal_values(const std::string& a, const std::string& b) {
  if (is_integer(a) && is_integer(b) && a.size() < 16 && b.size() < 16)
    return std::stoll(a) == std::stoll(b); // exact, where a tolerance is not
  for (unsigned sample = 0; sample < samples; ++sample) {
    const auto left = evaluate(a, sample);
    const auto right = evaluate(b, sample);
    if (!left || !right || !near(*left, *right))
      return false;
  }
  return true;
}

bool equal_in_order(const parts& a, const parts& b, int depth) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const auto& x, const auto& y) { return equal(x, y, depth); });
}

bool equal_in_any_order(const parts& a, const parts& b, int depth) {
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin(), b.end(),
                                                     [&](const auto& x, const auto& y) { return equal(x, y, depth); });
}

// Percentages --------------------------------------------------------------------------------------------------------

bool equal_percentages(const std::string& a, const std::string& b, int depth) {
  const auto number = [](std::string text) {
    std::erase(text, '%');
    return text;
  };
  if (equal(number(a), number(b), depth))
    return true;
  if (a.ends_with('%') == b.ends_with('%'))
    return false;
  const auto share = [&](const std::string& text) { return text.ends_with('%') ? "(" + number(text) + ")/100" : text; };
  return equal_values(share(a), share(b));
}

// Equations ----------------------------------------------------------------------------------------------------------

struct relation {
  parts sides;
  std::vector<std::string> signs;
};

relation relation_of(const std::string& text) {
  static const std::vector<std::string_view> signs{"=",    "<",    ">",        "\\le",   "\\ge",
                                                   "\\ne", "\\in", "\\approx", "\\equiv"};
  relation result{split_latex(text, signs), {}};
  for (std::size_t at = 0, side = 0; side + 1 < result.sides.size(); ++side) {
    at += result.sides[side].size();
    const auto sign = *std::find_if(signs.rbegin(), signs.rend(),
                                    [&](const auto& s) { return std::string_view(text).substr(at).starts_with(s); });
    result.signs.emplace_back(sign);
    at += sign.size();
  }
  return result;
}

/// 2x + y = 3 and y = 3 - 2x: what is zero differs by a factor only.
bool same_equation(const parts& a, const parts& b) {
  std::optional<std::complex<double>> factor;
  for (unsigned sample = 0; sample < samples; ++sample) {
    const auto left = evaluate("(" + a[0] + ")-(" + a[1] + ")", sample);
    const auto right = evaluate("(" + b[0] + ")-(" + b[1] + ")", sample);
    if (!left || !right || std::abs(*right) == 0 || std::abs(*left) == 0)
      return false;
    if (factor && !near(*factor, *left / *right))
      return false;
    factor = *left / *right;
  }
  return true;
}

relation mirrored(relation r) {
  std::reverse(r.sides.begin(), r.sides.end());
  std::reverse(r.signs.begin(), r.signs.end());
  for (auto& sign : r.signs)
    sign = sign == "<" ? ">" : sign == ">" ? "<" : sign == "\\le" ? "\\ge" : sign == "\\ge" ? "\\le" : sign;
  return r;
}

bool equal_relations(const relation& a, const relation& b, int depth) {
  if (a.signs.empty() || b.signs.empty()) { // "x = 5" answers "5", "x \in [0,1]" answers "[0,1]"
    const auto& named = a.signs.empty() ? b : a;
    const auto& bare = a.signs.empty() ? a : b;
    const bool names = std::all_of(named.signs.begin(), named.signs.end(),
                                   [](const auto& sign) { return sign == "=" || sign == "\\in"; });
    return names && equal(named.sides.back(), bare.sides.front(), depth);
  }
  const auto match = [&](const relation& c) { return a.signs == c.signs && equal_in_order(a.sides, c.sides, depth); };
  const std::vector<std::string> equation{"="};
  return match(b) || match(mirrored(b)) ||
         (a.signs == equation && b.signs == equation && same_equation(a.sides, b.sides));
}

// Brackets -----------------------------------------------------------------------------------------------------------

struct bracketed {
  std::string open;
  std::string inside;
  std::string close;
};

/// The answer as one bracket around something; nothing where it is none.
std::optional<bracketed> bracketed_of(const std::string& text) {
  for (const std::string open : {"\\{", "(", "["})
    for (const std::string close : {"\\}", ")", "]"}) {
      if (!text.starts_with(open) || !text.ends_with(close) || text.size() < open.size() + close.size() ||
          (open == "\\{") != (close == "\\}"))
        continue;
      const auto inside = text.substr(open.size(), text.size() - open.size() - close.size());
      int depth = 0;
      for (const char c : inside) {
        depth += c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
        if (depth < 0)
          return {}; // (1)(2)
      }
      return bracketed{open, inside, close};
    }
  return {};
}

/// `{1, 2}` and a bare list are sets; tuples, vectors and intervals have an order and their own brackets.
std::optional<bool> equal_brackets(const std::string& a, const std::string& b, int depth) {
  const auto left = bracketed_of(a);
  const auto right = bracketed_of(b);
  const auto is_set = [](const auto& found) { return found && found->open == "\\{"; };
  if (is_set(left) || is_set(right))
    return equal_in_any_order(split_latex(is_set(left) ? left->inside : a, {",", ";"}),
                              split_latex(is_set(right) ? right->inside : b, {",", ";"}), depth);
  if (!left || !right)
    return {};
  const auto first = split_latex(left->inside, {",", ";"});
  const auto second = split_latex(right->inside, {",", ";"});
  if (first.size() == 1 && second.size() == 1)
    return {};
  return left->open == right->open && left->close == right->close && equal_in_order(first, second, depth);
}

// Matrices -----------------------------------------------------------------------------------------------------------

struct matrix {
  std::string fence; ///< v and V for determinants and norms; empty for plain matrices, whatever brackets they have.
  std::vector<parts> rows;
};

std::optional<matrix> matrix_of(const std::string& text) {
  static const std::regex form(
      R"(\\begin\{([pbvVB]?)(matrix|array)\}(\{[lcr|]*\})?(.*)\\end\{[pbvVB]?(matrix|array)\})");
  std::smatch match;
  if (!std::regex_match(text, match, form) || match[4].str().find("\\begin") != std::string::npos)
    return {};
  matrix result;
  if (match[1] == "v" || match[1] == "V")
    result.fence = match[1];
  for (const auto& row : split_latex(match[4].str(), {"\\\\"}))
    if (!row.empty())
      result.rows.push_back(split_latex(row, {"&"}));
  return result;
}

bool equal_matrices(const matrix& a, const matrix& b, int depth) {
  return a.fence == b.fence && std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(),
                                          [&](const parts& x, const parts& y) { return equal_in_order(x, y, depth); });
}

// Everything ---------------------------------------------------------------------------------------------------------

parts both_signs(const std::string& text) {
  parts both{text, text};
  replace_all(both[0], "\\pm", "+");
  replace_all(both[0], "\\mp", "-");
  replace_all(both[1], "\\pm", "-");
  replace_all(both[1], "\\mp", "+");
  return both;
}

/// The answers of a bare list, with those of every `\pm`.
parts answers_of(const std::string& text) {
  parts all;
  for (const auto& part : split_latex(text, {",", ";"}))
    if (part.find("\\pm") != std::string::npos || part.find("\\mp") != std::string::npos)
      for (const auto& sign : both_signs(part))
        all.push_back(sign);
    else
      all.push_back(part);
  return all;
}

/// Words are equal in either case, and so is a choice with and without its parentheses.
std::string word_of(std::string text) {
  text = lowered(text);
  if (text.size() == 3 && text.front() == '(' && text.back() == ')' && is_letter(text[1]))
    text = text.substr(1, 1);
  std::erase(text, '-');
  return !text.empty() && std::all_of(text.begin(), text.end(), is_letter) ? text : "";
}

bool equal(const std::string& a, const std::string& b, int depth) {
  if (a.empty() || b.empty() || --depth < 0)
    return false;
  if (a == b)
    return true;
  if (a.find('%') != std::string::npos || b.find('%') != std::string::npos)
    return equal_percentages(a, b, depth);
  const auto first = matrix_of(a);
  const auto second = matrix_of(b);
  if (first && second)
    return equal_matrices(*first, *second, depth);
  const auto left = answers_of(a);
  const auto right = answers_of(b);
  if (left.size() > 1 && right.size() > 1)
    return equal_in_any_order(left, right, depth);
  if (const auto brackets = equal_brackets(a, b, depth))
    return *brackets;
  const auto unions = split_latex(a, {"\\cup"});
  if (unions.size() > 1)
    return equal_in_any_order(unions, split_latex(b, {"\\cup"}), depth);
  const auto left_relation = relation_of(a);
  const auto right_relation = relation_of(b);
  if (!left_relation.signs.empty() || !right_relation.signs.empty())
    return equal_relations(left_relation, right_relation, depth);
  const auto word = word_of(a);
  return (word.size() + word_of(b).size() > 0 && word == word_of(b)) || equal_values(a, b);
}

/// The formula that a line of prose gives as its answer.
std::string formula_in(std::string_view line) {
  static const std::regex dollars(R"(\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\])");
  std::match_results<std::string_view::const_iterator> match;
  if (std::regex_search(line.begin(), line.end(), match, dollars))
    for (std::size_t i = 1; i < match.size(); ++i)
      if (match[i].matched)
        return match[i].str();
  return std::string(trimmed(line));
}

std::optional<std::string> behind(std::string_view text, std::string_view mark) {
  const auto found = lowered(text).rfind(mark);
  if (found == std::string::npos)
    return {};
  auto rest = text.substr(found + mark.size());
  rest = trimmed(rest.substr(std::min(rest.find_first_not_of(" \t\r\n*:"), rest.size())));
  rest = trimmed(rest.substr(0, rest.find('\n')));
  return rest.empty() ? std::nullopt : std::optional(formula_in(rest));
}

std::optional<std::string> last_formula(std::string_view text) {
  static const std::regex dollars(R"(\$([^$]+)\$)");
  using iterator = std::regex_iterator<std::string_view::const_iterator>;
  std::optional<std::string> last;
  for (iterator match(text.begin(), text.end(), dollars), end; match != end; ++match)
    last = (*match)[1].str();
  return last;
}

std::optional<std::string> last_number(std::string_view text) {
  static const std::regex number(R"(-?[0-9]+(,[0-9]{3})*(\.[0-9]+)?(/[0-9]+)?%?)");
  using iterator = std::regex_iterator<std::string_view::const_iterator>;
  std::optional<std::string> last;
  for (iterator match(text.begin(), text.end(), number), end; match != end; ++match)
    last = match->str();
  return last;
}

} // namespace

std::string final_mathematics(std::string_view text) {
  constexpr std::size_t most = 20000; // std::regex recurses: of a longer text its end is enough
  text = text.substr(text.size() - std::min(text.size(), most));
  if (const auto boxed = last_boxed(text))
    return std::string(*boxed);
  for (const std::string_view mark : {"####", "answer is", "answer:", "answer**:"})
    if (const auto found = behind(text, mark))
      return *found;
  if (const auto formula = last_formula(text))
    return *formula;
  if (const auto number = last_number(text))
    return *number;
  return std::string(trimmed(text));
}

bool equal_mathematics(std::string_view given, std::string_view expected) {
  constexpr std::size_t most = 1000; // no answer is longer
  if (given.size() > most || expected.size() > most)
    return trimmed(given) == trimmed(expected);
  for (const bool thousands : {true, false})
    if (equal(plain_latex(given, thousands), plain_latex(expected, thousands), deepest))
      return true;
  return false;
}

} // namespace avp
