// Rewriting of TeX, one habit of writers after the other.
#include <algorithm>
#include <regex>
#include <utility>

#include <avp/agents/ascii.hpp>
#include <avp/runtime/score/latex.hpp>

namespace avp {
namespace {

using replacement = std::pair<std::string_view, std::string_view>;

/// Where the command at `at` (a backslash) ends: behind its letters, or behind one other character.
std::size_t end_of_command(std::string_view text, std::size_t at) {
  auto end = at + 1;
  while (end < text.size() && is_letter(text[end]))
    ++end;
  return std::min(end == at + 1 ? end + 1 : end, text.size());
}

/// Puts `to` for whole commands only: `\le` is not the beginning of `\left`.
void replace_commands(std::string& text, const std::vector<replacement>& replacements) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      result += text[at++];
      continue;
    }
    const auto end = end_of_command(text, at);
    const auto command = std::string_view(text).substr(at, end - at);
    const auto found =
        std::find_if(replacements.begin(), replacements.end(), [&](const auto& r) { return r.first == command; });
    result += found == replacements.end() ? command : found->second;
    at = end;
  }
  text = std::move(result);
}

const std::vector<replacement>& signs() {
  static const std::vector<replacement> all{
      {"\u2212", "-"},        {"\u2013", "-"},      {"\u00D7", "\\times "}, {"\u00F7", "/"},
      {"\u00B7", "*"},        {"\u22C5", "*"},      {"\u221A", "\\sqrt "},  {"\u03C0", "\\pi "},
      {"\u03B8", "\\theta "}, {"\u00B0", ""},       {"\u221E", "\\infty "}, {"\u2264", "\\le "},
      {"\u2265", "\\ge "},    {"\u2260", "\\ne "},  {"\u00B1", "\\pm "},    {"\u00B2", "^2"},
      {"\u00B3", "^3"},       {"\u222A", "\\cup "}, {"\u2229", "\\cap "},   {"\u2208", "\\in "},
      {"\u00A0", " "},        {"\u202F", " "},      {"\u20AC", ""},         {"\u00A3", ""},
      {"\u00A5", ""},         {"{,}", ","},         {"^{\\circ}", ""},      {"^\\circ", ""},
      {"^{\\prime}", "'"}};
  return all;
}

const std::vector<replacement>& commands() {
  static const std::vector<replacement> all{{"\\left", ""},
                                            {"\\right", ""},
                                            {"\\big", ""},
                                            {"\\Big", ""},
                                            {"\\bigg", ""},
                                            {"\\Bigg", ""},
                                            {"\\bigl", ""},
                                            {"\\bigr", ""},
                                            {"\\Bigl", ""},
                                            {"\\Bigr", ""},
                                            {"\\displaystyle", ""},
                                            {"\\,", ""},
                                            {"\\!", ""},
                                            {"\\;", ""},
                                            {"\\:", ""},
                                            {"\\ ", " "},
                                            {"\\quad", " "},
                                            {"\\qquad", " "},
                                            {"\\$", ""},
                                            {"\\(", ""},
                                            {"\\)", ""},
                                            {"\\[", ""},
                                            {"\\]", ""},
                                            {"\\dfrac", "\\frac"},
                                            {"\\tfrac", "\\frac"},
                                            {"\\cfrac", "\\frac"},
                                            {"\\leq", "\\le"},
                                            {"\\geq", "\\ge"},
                                            {"\\neq", "\\ne"},
                                            {"\\leqslant", "\\le"},
                                            {"\\geqslant", "\\ge"},
                                            {"\\lt", "<"},
                                            {"\\gt", ">"},
                                            {"\\times", "*"},
                                            {"\\cdot", "*"},
                                            {"\\ast", "*"},
                                            {"\\div", "/"},
                                            {"\\degree", ""},
                                            {"\\%", "%"},
                                            {"\\lbrace", "\\{"},
                                            {"\\rbrace", "\\}"},
                                            {"\\lbrack", "["},
                                            {"\\rbrack", "]"},
                                            {"\\mathrm", ""},
                                            {"\\mathbf", ""},
                                            {"\\mathit", ""},
                                            {"\\mathsf", ""},
                                            {"\\boldsymbol", ""},
                                            {"\\operatorname", ""},
                                            {"\\textbf", "\\text"},
                                            {"\\textit", "\\text"},
                                            {"\\textrm", "\\text"},
                                            {"\\textup", "\\text"},
                                            {"\\mbox", "\\text"},
                                            {"\\hbox", "\\text"},
                                            {"\\lvert", "|"},
                                            {"\\rvert", "|"},
                                            {"\\dots", "..."},
                                            {"\\ldots", "..."},
                                            {"\\cdots", "..."},
                                            {"\\binom", "\\binom"},
                                            {"\\dbinom", "\\binom"},
                                            {"\\tbinom", "\\binom"},
                                            {"\\varnothing", "\\emptyset"}};
  return all;
}

/// Words in `\text{…}`: joining words become commas; an answer that is words only keeps them; all others are units or
/// remarks, and go with their exponents.
std::string without_words(const std::string& text) {
  static const std::regex joining(R"(\\text\s*\{\s*(and|or)\s*\}|\b(and|or)\b)", std::regex::icase);
  static const std::regex words(R"(\\text\s*\{([^{}]*)\}(\^\{?[0-9]\}?)?)");
  const auto joined = std::regex_replace(text, joining, ",");
  const auto rest = std::regex_replace(joined, words, "");
  const bool only_words =
      std::none_of(rest.begin(), rest.end(), [](char c) { return is_digit(c) || is_letter(c) || c == '\\'; });
  return std::regex_replace(joined, words, only_words ? "$1" : " ");
}

/// "12 square inches", "5 cm^2": words behind a number. Two letters are a unit only where they are known as one,
/// because `2 ab` is a product.
std::string without_units(const std::string& text) {
  static const std::regex units(
      R"(([0-9.})\]])\s+((cm|mm|km|kg|ft|in|ml|mi|am|pm|sq|[A-Za-z]{3,})[.]?\s*)+(\^\{?[23]\}?)?\s*$)",
      std::regex::icase);
  static const std::regex glued(
      R"(([0-9])(cm|mm|km|kg|mph|inches|feet|meters|dollars|cents|degrees)(\^\{?[23]\}?)?\s*$)");
  return std::regex_replace(std::regex_replace(text, units, "$1"), glued, "$1");
}

std::string without_thousands(const std::string& text) {
  static const std::regex grouped(R"((^|[^0-9.,])([0-9]{1,3})((,[0-9]{3})+)(?![0-9]))");
  std::string result;
  std::size_t from = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), grouped), end; match != end; ++match) {
    auto digits = (*match)[3].str();
    std::erase(digits, ',');
    const auto at = static_cast<std::size_t>(match->position());
    result += text.substr(from, at - from) + (*match)[1].str() + (*match)[2].str() + digits;
    from = at + static_cast<std::size_t>(match->length());
  }
  return result + text.substr(from);
}

/// `{x}` around one character behind `^` and `_` says nothing.
std::string without_lone_braces(const std::string& text) {
  static const std::regex lone(R"(([\^_])\{([0-9A-Za-z])\})");
  return std::regex_replace(text, lone, "$1$2");
}

/// Blanks say nothing but behind a command that would run into a letter: `\\pi r`.
std::string without_blanks(const std::string& text) {
  static const std::regex needless(R"((\\[A-Za-z]+)\s+(?=[A-Za-z])|\s+)");
  std::string result;
  std::size_t from = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), needless), end; match != end; ++match) {
    const auto at = static_cast<std::size_t>(match->position());
    result += text.substr(from, at - from);
    if ((*match)[1].matched)
      result += (*match)[1].str() + " ";
    from = at + static_cast<std::size_t>(match->length());
  }
  return result + text.substr(from);
}

int nesting(char c) { return c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0; }

} // namespace

std::string plain_latex(std::string_view answer, bool thousands) {
  static const std::regex mixed(R"(([0-9]+)\s+([0-9]+)\s*/\s*([0-9]+))"); // 1 1/2
  std::string text(trimmed(answer));
  for (const auto& [from, to] : signs())
    replace_all(text, from, to);
  replace_commands(text, commands());
  std::erase(text, '$');
  std::replace(text.begin(), text.end(), '~', ' ');
  std::replace(text.begin(), text.end(), '\n', ' ');
  replace_all(text, "**", "");
  while (!text.empty() && std::string_view(" .,;:").find(text.back()) != std::string_view::npos &&
         !text.ends_with("\\ "))
    text.pop_back();
  text = without_units(without_words(text));
  if (thousands)
    text = without_thousands(text);
  text = std::regex_replace(text, mixed, "($1+$2/$3)");
  text = without_lone_braces(without_blanks(text));
  while (text.starts_with("=") || text.starts_with(","))
    text.erase(0, 1);
  while (text.ends_with(",") || text.ends_with("."))
    text.pop_back();
  return text;
}

std::vector<std::string> split_latex(std::string_view plain, const std::vector<std::string_view>& separators) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (std::size_t at = 0; at < plain.size();) {
    const auto end = plain[at] == '\\' ? end_of_command(plain, at) : at + 1;
    const auto token = plain.substr(at, end - at);
    at = end;
    depth += token.size() == 1 ? nesting(token[0]) : 0;
    depth += token == "\\{" || token == "\\begin" ? 1 : token == "\\}" || token == "\\end" ? -1 : 0;
    if (depth == 0 && std::find(separators.begin(), separators.end(), token) != separators.end()) {
      parts.emplace_back();
      if (plain.substr(at).starts_with(' ')) // it kept the separator apart from what follows
        ++at;
    } else {
      parts.back() += token;
    }
  }
  return parts;
}

} // namespace avp
