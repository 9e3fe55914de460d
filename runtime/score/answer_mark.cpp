// "The answer is …", in the ways that models write it.
#include "runtime/score/answer_mark.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "transport/ascii.hpp"

namespace avp {
namespace {

constexpr std::string_view emphasis = "*_`";
constexpr std::string_view word = "answer";

std::size_t skip(std::string_view text, std::size_t at, std::string_view signs) {
  return std::min(text.find_first_not_of(signs, at), text.size());
}

/// Behind the first of these words (in small letters) that stands at `at`.
template <std::size_t N>
std::optional<std::size_t> skip_words(std::string_view text, std::size_t at,
                                      const std::array<std::string_view, N>& any) {
  for (const auto one : any)
    if (lowered(text.substr(at, one.size())) == one &&
        (at + one.size() == text.size() || !is_letter(text[at + one.size()])))
      return at + one.size();
  return {};
}

/// Behind the verb of "answer … is" at `at`, with its colon.
std::optional<std::size_t> skip_verb(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 7> verbs{"is", "are", "was", "would be", "should be", "must be", "will be"};
  auto end = skip_words(text, at, verbs);
  if (!end)
    return {};
  const auto colon = skip(text, *end, " \t");
  if (colon < text.size() && text[colon] == ':')
    return skip(text, colon + 1, emphasis);
  return end;
}

/// Behind "to the question is", where the sentence goes on so.
std::optional<std::size_t> skip_question(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 3> joints{"to", "for", "of"};
  constexpr std::size_t longest = 200;
  const auto begin = skip_words(text, at, joints);
  if (!begin)
    return {};
  const auto sentence = text.substr(0, std::min(text.find_first_of(".!\n", *begin), *begin + longest));
  bool quoted = false;
  for (auto place = *begin; place < sentence.size(); ++place) {
    quoted ^= sentence[place] == '"';
    if (!quoted && sentence[place] == ':')
      return place + 1;
    if (!quoted && sentence[place] == ' ')
      if (const auto end = skip_verb(sentence, place + 1))
        return end;
  }
  return {};
}

/// A place at which an answer begins.
struct mark {
  enum class strength : std::uint8_t { none, in_sentence, at_line_begin };
  strength how = strength::none;
  std::size_t end = 0;
};

/// Whether what stands before `at` in its line is only what a line begins with: marks of Markdown, a number, and words
/// that belong to "answer".
bool begins_line(std::string_view text, std::size_t at) {
  constexpr std::size_t longest = 40;
  const auto near = text.substr(at - std::min(at, longest), std::min(at, longest));
  const auto line_end = near.rfind('\n');
  if (line_end == std::string_view::npos && at > longest)
    return false;
  auto before = lowered(near.substr(line_end == std::string_view::npos ? 0 : line_end + 1));
  for (const std::string_view part : {"final", "short", "correct", "my", "the"})
    if (const auto place = find_word(before, part); place != std::string::npos)
      before.erase(place, part.size());
  return std::none_of(before.begin(), before.end(), [](char c) { return is_letter(c) || (c & 0x80) != 0; });
}

/// What the word "answer" at `at` marks.
mark mark_at(std::string_view text, std::size_t at) {
  using enum mark::strength;
  auto end = at + word.size();
  if (end < text.size() && lower(text[end]) == 's')
    ++end;
  if ((at > 0 && is_letter(text[at - 1])) || (end < text.size() && is_letter(text[end])))
    return {};
  end = skip(text, skip(text, end, emphasis), " \t");
  if (const auto verb = skip_verb(text, end))
    return {in_sentence, *verb};
  const auto line = begins_line(text, at) ? at_line_begin : in_sentence;
  if (end < text.size() && (text[end] == ':' || text[end] == '='))
    return {line, skip(text, end + 1, emphasis)};
  if (const auto question = skip_question(text, end))
    return {in_sentence, *question};
  const bool ends_line = end == text.size() || text[end] == '\n' || text[end] == '\r';
  if (line == at_line_begin && (ends_line || text.substr(end, 2) == "- "))
    return {line, ends_line ? end : end + 1};
  return {};
}

/// What stands behind a mark, to the end of the line, or on the next line with something on it. Of what begins in bold,
/// that; not where more of it is in bold.
std::string_view behind(std::string_view text, std::size_t mark_end) {
  const auto begin = skip(text, mark_end, " \t\r\n:");
  const auto line = trimmed(text.substr(begin, text.find('\n', begin) - begin));
  if (skip(line, 0, "*_`#: ") == line.size())
    return {};
  for (const std::string_view bold : {"**", "__"})
    if (line.starts_with(bold))
      if (const auto end = line.find(bold, bold.size()); end != std::string_view::npos) {
        const auto inside = trimmed(line.substr(bold.size(), end - bold.size()));
        if (!inside.empty() && line.find(bold, end + bold.size()) == std::string_view::npos)
          return inside;
      }
  return line;
}

/// Behind the last of the strongest marks that have something behind them.
std::string_view behind_last_mark(std::string_view text) {
  const auto small = lowered(text);
  auto strongest = mark::strength::none;
  std::string_view found;
  for (auto at = small.find(word); at != std::string::npos; at = small.find(word, at + 1))
    if (const auto here = mark_at(text, at); here.how != mark::strength::none && here.how >= strongest)
      if (const auto answer = behind(text, here.end); !answer.empty()) {
        strongest = here.how;
        found = answer;
      }
  return found;
}

/// Inside the last `<answer>`, which may not be closed.
std::string_view in_last_tag(std::string_view text) {
  constexpr std::string_view opening = "<answer>";
  const auto small = lowered(text);
  const auto begin = small.rfind(opening);
  if (begin == std::string::npos)
    return {};
  const auto inside = begin + opening.size();
  return trimmed(text.substr(inside, small.find("</answer>", inside) - inside));
}

} // namespace

std::string_view marked_answer(std::string_view text) {
  if (const auto inside = in_last_tag(text); !inside.empty())
    return inside;
  const auto answer = behind_last_mark(text);
  const auto deeper = behind_last_mark(answer); // "Answer: I think the answer is …"
  return deeper.empty() ? answer : deeper;
}

} // namespace avp
