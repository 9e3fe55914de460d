// Letters that stand for a choice, told from those of words.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "agents/text/final_answer.hpp"
#include "agents/text/unicode.hpp"
#include "transport/ascii.hpp"

namespace avp {
namespace {

bool is_choice(char c) { return lower(c) >= 'a' && lower(c) <= 'e'; }

char upper(char c) { return static_cast<char>(lower(c) - 'a' + 'A'); }

/// In a text as readable() makes it.
bool is_word_char(char c) { return is_letter(c) || is_digit(c) || c == '_' || (c & 0x80) != 0; }

/// The text in plain signs, all of ASCII but letters and digits of other scripts, without TeX's commands around words
/// and without emphasis.
std::string readable(std::string_view text) {
  std::string spaced(text);
  replace_all(spaced, "\u2014", " \u2014 "); // a dash between words, which a hyphen within one is not
  auto points = code_points(plain_text(spaced));
  for (auto& point : points)
    if (point >= 0x80 && !is_word_point(point))
      point = U' ';
  auto result = to_utf8(points);
  for (const std::string_view command :
       {"\\textbf", "\\textrm", "\\textit", "\\text", "\\mathbf", "\\mathrm", "\\mathit", "\\mathsf", "\\mbox",
        "\\boxed", "\\fbox", "\\ ", "\\(", "\\)", "\\[", "\\]"})
    replace_all(result, command, " ");
  std::erase_if(result, [](char c) { return c == '*' || c == '`' || c == '$'; });
  return result;
}

/// The word that ends before `at` with nothing but marks and blanks behind it; `at` moves to its beginning.
std::string word_before(std::string_view text, std::size_t& at) {
  while (at > 0 && std::string_view(" \t\r\n_(:=[{\"'<>-").find(text[at - 1]) != std::string_view::npos)
    --at;
  const auto end = at;
  while (at > 0 && is_letter(text[at - 1]))
    --at;
  return lowered(text.substr(at, end - at));
}

template <std::size_t N>
bool is_one_of(const std::string& word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// What a letter stands behind.
enum class lead : std::uint8_t { nothing, option, answer };

/// Whether "answer", or "choice" or "option", comes before `at` with nothing but marks and small words between.
lead lead_of(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 11> passed{"is",     "are",  "be",  "the",     "would",  "must",
                                                    "should", "will", "was", "correct", "clearly"};
  constexpr std::array<std::string_view, 7> named{"option", "choice", "letter", "choose", "pick", "select", "choosing"};
  constexpr std::array<std::string_view, 3> deciding{"answer", "answers", "solution"};
  auto found = lead::nothing;
  while (true) {
    const auto word = word_before(text, at);
    if (is_one_of(word, deciding))
      return lead::answer;
    if (is_one_of(word, named))
      found = lead::option; // "the answer is option B" goes on to "answer"
    else if (!is_one_of(word, passed))
      return found;
  }
}

/// The letters that begin at `at`, in small ones.
std::string word_at(std::string_view text, std::size_t at) {
  auto end = std::min(at, text.size());
  while (end < text.size() && is_letter(text[end]))
    ++end;
  return lowered(text.substr(std::min(at, text.size()), end - std::min(at, text.size())));
}

/// Whether the letter A at `at` begins words (a dog, A train), and no reason for a choice (A because …).
bool is_article(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 10> reasons{"because", "since", "as",  "is",  "for",
                                                     "due",     "which", "and", "but", "was"};
  if (lower(text[at]) != 'a' || at + 1 >= text.size() || text[at + 1] != ' ')
    return false;
  const auto next = word_at(text, text.find_first_not_of(' ', at + 1));
  if (next.empty() || is_one_of(next, reasons))
    return false;
  const auto before = at == 0 ? std::string_view::npos : text.find_last_not_of(" \t([{\"'", at - 1);
  const bool in_sentence = before != std::string_view::npos && is_letter(text[before]);
  return text[at] == 'a' || !in_sentence; // within a sentence, an article is small
}

/// Whether the text says of the letter at `at` that it is not meant: "not B", "B is wrong".
bool is_rejected(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 3> refusing{"not", "nor", "neither"};
  constexpr std::array<std::string_view, 5> wrong{"not", "wrong", "incorrect", "false", "out"};
  auto begin = at;
  if (is_one_of(word_before(text, begin), refusing))
    return true;
  const auto verb_begin = text.find_first_not_of(" )]}.\"'", at + 1);
  const auto verb = word_at(text, verb_begin);
  return (verb == "is" || verb == "was") &&
         is_one_of(word_at(text, text.find_first_not_of(' ', verb_begin + verb.size())), wrong);
}

/// Whether the letter at `at` belongs to a word or to a name: A-level, e's, I'd, U.S.A., C++, f(b).
bool is_part(std::string_view text, std::size_t at) {
  const auto near = [&](std::ptrdiff_t offset) {
    const auto place = static_cast<std::ptrdiff_t>(at) + offset;
    return place < 0 || place >= static_cast<std::ptrdiff_t>(text.size()) ? ' ' : text[static_cast<std::size_t>(place)];
  };
  const auto joins = [](char c) { return c == '-' || c == '\'' || c == '.'; };
  if (is_word_char(near(-1)) || is_word_char(near(1)) || near(1) == '+' || near(1) == '#' || near(1) == '=')
    return true;
  return (joins(near(-1)) && near(-1) != '-' && is_word_char(near(-2))) || (joins(near(1)) && is_word_char(near(2))) ||
         (near(-1) == '(' && is_word_char(near(-2)));
}

/// Whether nothing but marks is on the line of the letter at `at`.
bool fills_line(std::string_view text, std::size_t at) {
  auto begin = at;
  while (begin > 0 && text[begin - 1] != '\n' && !is_word_char(text[begin - 1]))
    --begin;
  auto end = at + 1;
  while (end < text.size() && text[end] != '\n' && !is_word_char(text[end]))
    ++end;
  return (begin == 0 || text[begin - 1] == '\n') && (end == text.size() || text[end] == '\n');
}

/// How plainly the letter at `at` is meant as a choice: behind "answer" most, then on a line of its own, behind
/// "option", in parentheses, and alone; 0 not at all.
int choice_weight(std::string_view text, std::size_t at) {
  if (!is_choice(text[at]) || is_part(text, at) || is_article(text, at) || is_rejected(text, at))
    return 0;
  const auto behind = lead_of(text, at);
  if (behind == lead::answer)
    return 5;
  if (fills_line(text, at))
    return 4;
  if (behind == lead::option)
    return 3;
  const bool closed = at + 1 < text.size() && text[at + 1] == ')';
  if (closed && at > 0 && text[at - 1] == '(')
    return 2;
  const bool begins_text = std::none_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), is_word_char);
  return text[at] == upper(text[at]) || closed || begins_text ? 1 : 0;
}

} // namespace

std::optional<char> final_choice(std::string_view text) {
  if (const auto boxed = last_boxed(text))
    if (const auto letter = final_choice(*boxed))
      return letter;
  const auto plain = readable(text);
  int best = 1;
  std::optional<char> chosen;
  for (std::size_t at = 0; at < plain.size(); ++at)
    if (const auto weight = choice_weight(plain, at); weight >= best) {
      best = weight;
      chosen = upper(plain[at]);
    }
  return chosen;
}

} // namespace avp
