// Words of answers, counted.
#include "runtime/score/short_answer.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "agents/text/final_answer.hpp"
#include "agents/text/unicode.hpp"
#include "runtime/score/answer_mark.hpp"
#include "transport/ascii.hpp"

namespace avp {
namespace {

using words = std::vector<std::string>;

enum class articles : bool { dropped, kept };

bool is_article(std::u32string_view word) { return word == U"a" || word == U"an" || word == U"the"; }

/// The words of an answer in lower case, without punctuation. An article between blanks, or next to a sign that is no
/// letter, is none, as `\b(a|an|the)\b` has it.
words words_of(std::string_view answer, articles which) {
  auto points = code_points(case_folded(answer));
  std::erase_if(points, is_punctuation_point);
  words found;
  std::u32string word;
  const auto end_word = [&] {
    if (!word.empty())
      found.push_back(to_utf8(word));
    word.clear();
  };
  for (auto at = points.begin(); at != points.end();) {
    const auto end = is_word_point(*at) ? std::find_if_not(at, points.end(), is_word_point) : at + 1;
    const std::u32string_view run(&*at, static_cast<std::size_t>(end - at));
    if (is_blank_point(run.front()) || (which == articles::dropped && is_article(run)))
      end_word();
    else
      word += run;
    at = end;
  }
  end_word();
  return found;
}

/// Two answers as they are compared.
struct answer_pair {
  answer_pair(std::string_view given_text, std::string_view expected_text) {
    const auto read = [&](auto&& how) {
      given = how(given_text);
      expected = how(expected_text);
    };
    read([](std::string_view text) { return words_of(text, articles::dropped); });
    if (expected.empty())
      read([](std::string_view text) { return words_of(text, articles::kept); });
    if (expected.empty())
      read([](std::string_view text) { return words{without_blanks(text)}; });
  }

  words given;
  words expected;

private:
  static std::string without_blanks(std::string_view text) {
    auto points = code_points(case_folded(text));
    std::erase_if(points, is_blank_point);
    return to_utf8(points);
  }
};

/// TeX without the commands around words: `\text{Paris}`, `\textbf{a}\ \mathrm{b}`.
std::string without_commands(std::string_view tex) {
  std::string plain(tex);
  for (const std::string_view command : {"\\text{", "\\textbf{", "\\textit{", "\\textrm{", "\\texttt{", "\\mathrm{",
                                         "\\mathbf{", "\\mathit{", "\\operatorname{", "\\mbox{", "\\emph{"})
    replace_all(plain, command, "{");
  for (const std::string_view blank : {"\\ ", "\\,", "\\;", "\\:", "\\!", "\\quad", "~"})
    replace_all(plain, blank, blank == "\\!" ? "" : " ");
  for (const std::string_view bracket : {"\\(", "\\)", "\\[", "\\]", "{", "}"})
    replace_all(plain, bracket, "");
  return std::string(trimmed(plain));
}

} // namespace

std::string final_short_answer(std::string_view text) {
  if (const auto boxed = last_boxed(text))
    return without_commands(*boxed);
  const auto marked = marked_answer(text);
  const auto answer = trimmed(marked.empty() ? text : marked);
  return answer.find('\\') == std::string_view::npos ? std::string(answer) : without_commands(answer);
}

std::string normal_answer(std::string_view answer) {
  std::string result;
  for (const auto& word : words_of(answer, articles::dropped))
    result += (result.empty() ? "" : " ") + word;
  return result;
}

bool same_answer(std::string_view given, std::string_view expected) {
  const answer_pair pair(given, expected);
  return pair.given == pair.expected;
}

double word_f1(std::string_view given, std::string_view expected) {
  const answer_pair pair(given, expected);
  for (const auto* alone : {"yes", "no", "noanswer"})
    if ((pair.given == words{alone} || pair.expected == words{alone}) && pair.given != pair.expected)
      return 0;
  std::map<std::string, int> left_over;
  for (const auto& word : pair.expected)
    ++left_over[word];
  const auto common =
      std::count_if(pair.given.begin(), pair.given.end(), [&](const auto& word) { return left_over[word]-- > 0; });
  return common == 0 ? 0
                     : 2 * static_cast<double>(common) / static_cast<double>(pair.given.size() + pair.expected.size());
}

} // namespace avp
