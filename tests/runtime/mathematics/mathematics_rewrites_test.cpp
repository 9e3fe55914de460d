// Mathematical answers in other words: no rewriting that keeps a formula's meaning changes a score.
#include <fstream>
#include <functional>
#include <iostream>
#include <regex>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "runtime/score/mathematics.hpp"
#include "tests/test_data.hpp"
#include "transport/ascii.hpp"

namespace avp {
namespace {

struct answer_pair {
  std::string answer;
  std::string expected;
  bool same = false;
};

std::vector<answer_pair> pairs() {
  std::vector<answer_pair> all;
  for (const auto* name : {"scores.jsonl", "math_pairs.jsonl"}) {
    std::ifstream file(test::test_data(name));
    for (std::string line; std::getline(file, line);) {
      const auto record = nlohmann::json::parse(line);
      if (record.at("kind") != "math")
        continue;
      const std::string answer = record.at("answer");
      const bool boxed = answer.find("\\boxed") != std::string::npos;
      all.push_back({boxed ? final_mathematics(answer) : answer, record.at("expected"), record.at("score") == 1});
    }
  }
  return all;
}

/// A text in other words; nothing where a rewriting does not apply.
using rewriting = std::function<std::string(const std::string&)>;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  replace_all(text, from, to);
  return text;
}

bool has_words(const std::string& text) {
  return std::regex_search(text, std::regex(R"([A-Za-z]{3}|\\text|\\mathrm|\\mbox)")) &&
         !std::regex_search(text, std::regex(R"(^[^a-zA-Z\\]*(\\[a-zA-Z]+[^a-zA-Z\\]*)*$)"));
}

/// Outside of commands and words, which blanks would tear.
std::string around_signs(const std::string& text, const std::string& blank) {
  std::string result;
  int depth = 0; // of groups: what stands in \text is left alone
  const auto is_sign = [](char c) { return c == '=' || c == '<' || c == '>'; };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    const bool sign = depth == 0 && is_sign(c);
    const bool first = sign && (at == 0 || !is_sign(text[at - 1])); // ">=" is one sign
    const bool last = sign && (at + 1 == text.size() || !is_sign(text[at + 1]));
    result += (first ? blank : "") + c + (last ? blank : "");
  }
  return result;
}

std::string sides_swapped(const std::string& text) {
  static const std::regex form(R"(^([^=<>,;{}|]+?) ?(=|<|>|\\le |\\ge |\\leq |\\geq ) ?([^=<>,;{}|]+)$)");
  std::smatch match;
  if (!std::regex_match(text, match, form) || text.find("\\in ") != std::string::npos ||
      text.find(" or ") != std::string::npos || text.find(" and ") != std::string::npos ||
      text.find("\\ne") != std::string::npos || text.find("\\approx") != std::string::npos ||
      text.find("\\mid") != std::string::npos || text.find("\\equiv") != std::string::npos ||
      match[1].str().find("\\le") != std::string::npos || match[3].str().find("\\ge") != std::string::npos ||
      match[3].str().find("\\le") != std::string::npos || match[1].str().find("\\ge") != std::string::npos)
    return text;
  const auto sign = match[2].str();
  const std::string turned = sign == "<"      ? ">"
                             : sign == ">"    ? "<"
                             : sign[1] == 'l' ? "\\ge "
                             : sign[1] == 'g' ? "\\le "
                                              : "=";
  return match[3].str() + turned + match[1].str();
}

const std::vector<std::pair<std::string, rewriting>>& rewritings() {
  static const std::vector<std::pair<std::string, rewriting>> all{
      {"blanks at the ends", [](const auto& t) { return "  " + t + " "; }},
      {"blanks around signs", [](const auto& t) { return around_signs(t, " "); }},
      {"thin blanks", [](const auto& t) { return around_signs(t, "\\,"); }},
      {"wide blanks", [](const auto& t) { return around_signs(t, "\\quad "); }},
      {"dfrac", [](const auto& t) { return replaced(t, "\\frac", "\\dfrac"); }},
      {"tfrac", [](const auto& t) { return replaced(replaced(t, "\\dfrac", "\\frac"), "\\frac", "\\tfrac"); }},
      {"left and right",
       [](const auto& t) {
         return t.find("\\left") == std::string::npos && t.find("text") == std::string::npos
                    ? replaced(replaced(t, "(", "\\left("), ")", "\\right)")
                    : replaced(replaced(t, "\\left", ""), "\\right", "");
       }},
      {"big", [](const auto& t) { return replaced(replaced(t, "\\left", "\\bigl"), "\\right", "\\bigr"); }},
      {"dollars", [](const auto& t) { return t.find('$') == std::string::npos ? "$" + t + "$" : t; }},
      {"display style", [](const auto& t) { return has_words(t) ? t : "\\displaystyle " + t; }},
      {"braces around exponents",
       [](const auto& t) { return std::regex_replace(t, std::regex(R"(\^([0-9a-z])(?![0-9]))"), "^{$1}"); }},
      {"braces around indices",
       [](const auto& t) { return std::regex_replace(t, std::regex(R"(_([0-9])(?![0-9]))"), "_{$1}"); }},
      {"braces around digits of fractions",
       [](const auto& t) { return std::regex_replace(t, std::regex(R"(\\frac([0-9])([0-9]))"), "\\frac{$1}{$2}"); }},
      {"a full stop", [](const auto& t) { return t + "."; }},
      {"le and leq", [](const auto& t) { return std::regex_replace(t, std::regex(R"(\\(le|ge)(?![a-z]))"), "\\$1q"); }},
      {"sides swapped", sides_swapped},
      {"mbox", [](const auto& t) { return replaced(t, "\\text{", "\\mbox{"); }},
      {"textbf", [](const auto& t) { return replaced(t, "\\text{", "\\textbf{"); }},
      {"minus of Unicode", [](const auto& t) { return has_words(t) ? t : replaced(t, "-", "\u2212"); }},
      {"pi of Unicode", [](const auto& t) { return replaced(t, "\\pi", "\u03C0"); }},
      {"times of Unicode", [](const auto& t) { return replaced(t, "\\times", "\u00D7"); }},
      {"a line break", [](const auto& t) { return "\n" + t + "\n"; }}};
  return all;
}

/// A variable by another name, where it stands alone on both sides and the other name is free.
bool rename(answer_pair& pair, char from, char to) {
  const std::regex alone(std::string("(^|[^A-Za-z\\\\])") + from + "(?![A-Za-z])");
  const auto whole = pair.answer + " " + pair.expected;
  // The values of several names are a tuple in the order of the names.
  if (whole.find(to) != std::string::npos || std::regex_search(whole, std::regex("=.*,.*=")) ||
      std::regex_search(whole, std::regex(R"(\\text|\\mathrm|\\mbox|[A-Za-z]{4}|array)")))
    return false;
  const auto count = [&](const std::string& text) {
    return std::distance(std::sregex_iterator(text.begin(), text.end(), alone), std::sregex_iterator());
  };
  const auto letters = std::count(whole.begin(), whole.end(), from);
  if (letters == 0 || count(whole) != letters)
    return false;
  for (auto* text : {&pair.answer, &pair.expected})
    *text = std::regex_replace(*text, alone, std::string("$1") + to);
  return true;
}

void expect_score(const answer_pair& pair, const std::string& answer, const std::string& expected,
                  const std::string& how) {
  EXPECT_EQ(equal_mathematics(answer, expected), pair.same)
      << how << ": " << answer << "  |  " << expected << "   (" << pair.answer << "  |  " << pair.expected << ")";
}

TEST(mathematics_rewrites, of_either_side_or_both_keep_every_score) {
  int count = 0;
  for (const auto& pair : pairs()) {
    expect_score(pair, pair.expected, pair.answer, "sides of the comparison swapped");
    for (const auto& [name, rewrite] : rewritings()) {
      const auto answer = rewrite(pair.answer);
      const auto expected = rewrite(pair.expected);
      count += (answer != pair.answer ? 1 : 0) + (expected != pair.expected ? 1 : 0);
      if (answer != pair.answer)
        expect_score(pair, answer, pair.expected, name + " in the answer");
      if (expected != pair.expected)
        expect_score(pair, pair.answer, expected, name + " in what is expected");
      if (answer != pair.answer && expected != pair.expected)
        expect_score(pair, answer, expected, name + " in both");
    }
  }
  EXPECT_GT(count, 5000);
}

TEST(mathematics_rewrites, two_on_top_of_each_other_keep_every_score) {
  const auto& all = rewritings();
  for (const auto& pair : pairs())
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto& [first, rewrite] = all[i];
      const auto& [second, again] = all[(i * 5 + 3) % all.size()];
      expect_score(pair, again(rewrite(pair.answer)), rewrite(again(pair.expected)), first + ", " + second);
    }
}

TEST(mathematics_rewrites, a_variable_of_another_name_keeps_the_score) {
  int renamed = 0;
  for (const auto& pair : pairs())
    for (const auto& [from, to] : {std::pair{'x', 'w'}, {'x', 'k'}, {'y', 'u'}, {'n', 'm'}, {'a', 'v'}}) {
      auto other = pair;
      if (!rename(other, from, to))
        continue;
      ++renamed;
      expect_score(pair, other.answer, other.expected, std::string(1, from) + " is " + to);
    }
  EXPECT_GT(renamed, 100);
}

} // namespace
} // namespace avp
