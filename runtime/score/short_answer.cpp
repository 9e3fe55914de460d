// Words of answers, counted.
#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

#include <avp/agents/ascii.hpp>
#include <avp/agents/final_answer.hpp>
#include <avp/runtime/score/short_answer.hpp>

namespace avp {
namespace {

bool is_punctuation(char c) { return c > ' ' && c < 0x7F && !is_letter(c) && !is_digit(c); }

std::vector<std::string> words_of(std::string_view answer) {
  auto plain = lowered(answer);
  std::erase_if(plain, is_punctuation);
  std::istringstream in(plain);
  std::vector<std::string> words;
  for (std::string word; in >> word;)
    if (word != "a" && word != "an" && word != "the")
      words.push_back(word);
  return words;
}

/// TeX around words: `\text{Paris}`.
std::string without_text_command(std::string_view boxed) {
  for (const std::string_view command : {"\\text{", "\\textbf{", "\\mathrm{"})
    if (boxed.starts_with(command) && boxed.ends_with('}'))
      boxed = boxed.substr(command.size(), boxed.size() - command.size() - 1);
  return std::string(boxed);
}

} // namespace

std::string final_short_answer(std::string_view text) {
  if (const auto boxed = last_boxed(text))
    return without_text_command(*boxed);
  const auto small = lowered(text);
  std::size_t begin = 0;
  for (const std::string_view mark : {"answer is", "answer:", "answer**:"})
    if (const auto found = small.rfind(mark); found != std::string::npos)
      begin = std::max(begin, found + mark.size());
  auto rest = text.substr(begin);
  if (begin > 0) {
    rest = rest.substr(std::min(rest.find_first_not_of(" \t\r\n*:"), rest.size()));
    rest = rest.substr(0, rest.find('\n'));
  }
  return std::string(trimmed(trimmed(rest).empty() ? text : rest));
}

std::string normal_answer(std::string_view answer) {
  std::string result;
  for (const auto& word : words_of(answer))
    result += (result.empty() ? "" : " ") + word;
  return result;
}

double word_f1(std::string_view given, std::string_view expected) {
  const auto left = normal_answer(given);
  const auto right = normal_answer(expected);
  for (const std::string_view alone : {"yes", "no", "noanswer"})
    if ((left == alone || right == alone) && left != right)
      return 0;
  const auto given_words = words_of(given);
  const auto expected_words = words_of(expected);
  std::map<std::string, int> left_over;
  for (const auto& word : expected_words)
    ++left_over[word];
  const auto common =
      std::count_if(given_words.begin(), given_words.end(), [&](const auto& word) { return left_over[word]-- > 0; });
  return common == 0
             ? 0
             : 2 * static_cast<double>(common) / static_cast<double>(given_words.size() + expected_words.size());
}

} // namespace avp
