// What an answer comes to: its number, its letter.
#include <algorithm>
#include <array>
#include <locale>
#include <sstream>
#include <string>
#include <utility>

#include <avp/agents/ascii.hpp>
#include <avp/agents/final_answer.hpp>

namespace avp {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// Boxes --------------------------------------------------------------------------------------------------------------

/// The end of what opens at `begin`: the brace that closes it, or the end of its line where none does.
std::size_t end_of_group(std::string_view text, std::size_t begin) {
  int depth = 1;
  for (auto at = begin; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at; // what is behind it is no brace that counts
      continue;
    }
    depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
    if (depth == 0)
      return at;
  }
  return std::min(text.find('\n', begin), text.size());
}

// Numbers ------------------------------------------------------------------------------------------------------------

struct found_number {
  double value = 0;
  std::size_t begin = 0; ///< Where its digits begin, sign and currency not included.
  std::size_t end = 0;
};

/// TeX and Unicode ways to write numbers, in plain ASCII. Fractions become `3/4`.
std::string plain_numbers(std::string_view text) {
  std::string result(text);
  for (const auto& [from, to] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"{,}", ","},
                                                                            {"\\,", ""},
                                                                            {"\\!", ""},
                                                                            {"\\$", "$"},
                                                                            {"\u2212", "-"},
                                                                            {"\u00A0", " "},
                                                                            {"\u202F", " "},
                                                                            {"\\dfrac", "\\frac"},
                                                                            {"\\tfrac", "\\frac"},
                                                                            {"\u20AC", "$"},
                                                                            {"\u00A3", "$"},
                                                                            {"\u00A5", "$"}})
    replace_all(result, from, to);
  constexpr std::string_view opening = "\\frac{";
  for (auto at = result.find(opening); at != std::string::npos; at = result.find(opening, at + 1)) {
    const auto middle = result.find("}{", at);
    const auto end = middle == std::string::npos ? middle : result.find('}', middle + 2);
    if (end == std::string::npos)
      break;
    const auto above = result.substr(at + opening.size(), middle - at - opening.size());
    result.replace(at, end + 1 - at, above + "/" + result.substr(middle + 2, end - middle - 2));
  }
  return result;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at]))
    ++at;
  return at;
}

/// The end of the digits at `at` with their thousands separators: a comma counts where exactly three digits follow.
std::size_t skip_grouped_digits(std::string_view text, std::size_t at) {
  const auto begin = at;
  at = skip_digits(text, at);
  if (at - begin > 3)
    return at;
  while (at < text.size() && text[at] == ',' && skip_digits(text, at + 1) == at + 4)
    at += 4;
  return at;
}

double to_double(std::string text) {
  std::erase(text, ',');
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  double value = 0;
  in >> value; // Out of range gives the largest value, which equals nothing that is expected.
  return value;
}

/// The end of the number without sign whose first digit (or leading point) is at `at`, and its value.
found_number read_unsigned(std::string_view text, std::size_t at) {
  auto end = skip_grouped_digits(text, at);
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]))
    end = skip_digits(text, end + 1);
  if (end < text.size() && lower(text[end]) == 'e') {
    const auto sign = end + 1 < text.size() && (text[end + 1] == '-' || text[end + 1] == '+') ? 1U : 0U;
    const auto after = skip_digits(text, end + 1 + sign);
    if (after > end + 1 + sign && (after == text.size() || !is_letter(text[after])))
      end = after;
  }
  return {to_double(std::string(text.substr(at, end - at))), at, end};
}

/// Whether a minus belongs to the number whose digits (or currency sign) begin at `at`: not after a digit, letter or
/// bracket, where it is a difference or a range.
bool is_negative(std::string_view text, std::size_t at) {
  if (at > 0 && text[at - 1] == '$')
    --at;
  if (at == 0 || text[at - 1] != '-')
    return false;
  if (at == 1)
    return true;
  const char before = text[at - 2];
  return !is_digit(before) && !is_letter(before) && before != ')' && before != ']' && before != '}' && before != '-';
}

/// The first number at or after `from`.
std::optional<found_number> next_number(std::string_view text, std::size_t from) {
  for (auto at = from; at < text.size(); ++at) {
    const bool point = text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1]) &&
                       (at == 0 || (!is_digit(text[at - 1]) && !is_letter(text[at - 1])));
    if (!is_digit(text[at]) && !point)
      continue;
    auto number = read_unsigned(text, at);
    if (number.end < text.size() && text[number.end] == '/' && number.end + 1 < text.size() &&
        is_digit(text[number.end + 1])) {
      const auto below = read_unsigned(text, number.end + 1);
      // 1/2/2024 is a date.
      const bool goes_on = (below.end < text.size() && text[below.end] == '/') || (at > 0 && text[at - 1] == '/');
      if (below.value != 0 && !goes_on)
        number = {number.value / below.value, at, below.end};
    }
    const bool glued = at > 0 && (is_letter(text[at - 1]) || text[at - 1] == '_');
    if (glued) {
      at = number.end - 1;
      continue;
    }
    if (is_negative(text, at))
      number.value = -number.value;
    return number;
  }
  return {};
}

std::optional<found_number> last_number(std::string_view text) {
  std::optional<found_number> last;
  for (auto next = next_number(text, 0); next; next = next_number(text, next->end))
    last = next;
  return last;
}

/// The number right behind the last `####` that has one. A Markdown heading (`#### Step 3`, `#### 3. Add`) has none.
std::optional<double> number_behind_hashes(std::string_view text) {
  constexpr std::string_view mark = "####";
  for (auto end = text.size(); end > 0;) {
    const auto at = text.rfind(mark, end - 1);
    if (at == std::string_view::npos)
      return {};
    end = at;
    const auto begin = at + mark.size();
    const auto line = text.substr(begin, text.find('\n', begin) - begin);
    const auto number = next_number(line, 0);
    if (!number || line.substr(0, number->begin).find_first_not_of(" \t:*$=-+") != std::string_view::npos)
      continue;
    const auto rest = line.substr(number->end);
    const bool heading = rest.size() > 1 && (rest[0] == '.' || rest[0] == ')' || rest[0] == ':') &&
                         std::any_of(rest.begin(), rest.end(), is_letter);
    if (!heading)
      return number->value;
  }
  return {};
}

// Choices ------------------------------------------------------------------------------------------------------------

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

std::optional<std::string_view> last_boxed(std::string_view text) {
  constexpr std::array<std::string_view, 2> openings{"\\boxed{", "\\fbox{"};
  for (auto end = text.size(); end > 0;) {
    std::size_t at = std::string_view::npos;
    std::size_t begin = 0;
    for (const auto opening : openings)
      if (const auto found = text.rfind(opening, end - 1);
          found != std::string_view::npos && (at == std::string_view::npos || found > at)) {
        at = found;
        begin = found + opening.size();
      }
    if (at == std::string_view::npos)
      return {};
    if (const auto inside = trimmed(text.substr(begin, end_of_group(text, begin) - begin)); !inside.empty())
      return inside;
    end = at;
  }
  return {};
}

std::optional<double> final_number(std::string_view text) {
  const auto plain = plain_numbers(text);
  if (const auto boxed = last_boxed(plain))
    if (const auto number = last_number(*boxed))
      return number->value;
  if (const auto number = number_behind_hashes(plain))
    return number;
  if (const auto number = last_number(plain))
    return number->value;
  return {};
}

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
