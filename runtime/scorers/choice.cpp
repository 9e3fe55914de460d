// Letters A to E in prose.
#include <algorithm>
#include <array>

#include <avp/runtime/scorers/answer_text.hpp>
#include <avp/runtime/scorers/choice.hpp>

namespace avp {
namespace {

bool is_choice(char c) { return lower(c) >= 'a' && lower(c) <= 'e'; }

bool is_word_char(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

/// Whether "answer", "choice" or "option" comes before `at` with nothing but marks and small words between.
bool is_behind_answer(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 11> passed{"is",     "are",  "be",      "the",  "would", "must",
                                                    "should", "will", "correct", "text", "mathrm"};
  while (true) {
    while (at > 0 && std::string_view(" \t\r\n*_(:[{\"'`$=\\").find(text[at - 1]) != std::string_view::npos)
      --at;
    auto begin = at;
    while (begin > 0 && is_letter(text[begin - 1]))
      --begin;
    const auto word = lowered(text.substr(begin, at - begin));
    if (word == "answer" || word == "choice" || word == "option" || word == "answers")
      return true;
    if (std::find(passed.begin(), passed.end(), word) == passed.end())
      return false;
    at = begin;
  }
}

/// How plainly the letter at `at` is meant as a choice: 3 behind "answer", 2 in parentheses, 1 alone, 0 not at all.
int choice_weight(std::string_view text, std::size_t at) {
  const auto is_part = [](char c) { return is_word_char(c) || c == '-' || c == '\''; }; // A-level, e's
  const bool alone = (at == 0 || !is_word_char(text[at - 1])) && (at + 1 == text.size() || !is_part(text[at + 1]));
  if (!is_choice(text[at]) || !alone)
    return 0;
  const bool closed = at + 1 < text.size() && text[at + 1] == ')';
  const bool in_parentheses = closed && at > 0 && text[at - 1] == '(';
  const auto after = at + 1 < text.size() ? text.find_first_not_of(" *", at + 1) : std::string_view::npos;
  // "a dog", "A train": words of a sentence, not choices.
  const bool begins_words = after != std::string_view::npos && text[at + 1] == ' ' && is_letter(text[after]);
  const bool is_article = lower(text[at]) == 'a' && begins_words;
  const bool is_upper = text[at] != lower(text[at]);
  if (!is_article && (is_upper || closed || !begins_words) && is_behind_answer(text, at))
    return 3;
  if (in_parentheses)
    return 2;
  return is_upper && !is_article ? 1 : 0;
}

} // namespace

std::optional<char> final_choice(std::string_view text) {
  const auto upper = [](char c) { return static_cast<char>(lower(c) - 'a' + 'A'); };
  const auto all = trimmed(text);
  if (const auto boxed = last_boxed(all))
    if (const auto letter = final_choice(*boxed))
      return letter;
  if (all.size() == 1 && is_choice(all[0]))
    return upper(all[0]);
  int best = 1;
  std::optional<char> chosen;
  for (std::size_t at = 0; at < all.size(); ++at)
    if (const auto weight = choice_weight(all, at); weight >= best) {
      best = weight;
      chosen = upper(all[at]);
    }
  if (!chosen && all.size() <= 4) // "b.", "(c)", "d)"
    for (std::size_t at = 0; at < all.size(); ++at)
      if (is_choice(all[at]) && std::count_if(all.begin(), all.end(), is_word_char) == 1)
        return upper(all[at]);
  return chosen;
}

} // namespace avp
