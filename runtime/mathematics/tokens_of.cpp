// From text to tokens, once from left to right.
#include "runtime/mathematics/tokens_of.hpp"

#include <algorithm>
#include <array>

#include "agents/text/written_number.hpp"
#include "runtime/mathematics/formula.hpp"
#include "runtime/mathematics/letters.hpp"
#include "runtime/mathematics/signs.hpp"
#include "transport/ascii.hpp"

namespace avp::math {
namespace {

constexpr int deepest_text = 8; ///< `\text{… \text{…}}`

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }
bool is_foreign(char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }

/// Behind the backslash at a place: letters, or one other character.
std::size_t end_of_command(std::string_view text, std::size_t at) {
  auto end = at + 1;
  while (end < text.size() && is_letter(text[end]))
    ++end;
  return end == at + 1 ? std::min(end + 1, text.size()) : end;
}

/// What a group names, without the blanks around it; one behind a backslash at its end is one of them.
std::string_view name_in(std::string_view group) {
  auto name = trimmed(group);
  const auto last = name.find_last_not_of('\\');
  const auto backslashes = name.size() - (last == std::string_view::npos ? 0 : last + 1);
  return backslashes % 2 == 1 ? trimmed(name.substr(0, name.size() - 1)) : name;
}

class lexer {
public:
  lexer(const reading& how, bool among_letters) : how_(how), among_letters_(among_letters) {}

  std::vector<token> read(std::string_view text) {
    add_all(text, false);
    tokens_.push_back({.spaced = spaced_});
    return std::move(tokens_);
  }

private:
  void add_all(std::string_view text, bool upright) {
    if (++depth_ > deepest_text)
      throw no_formula();
    for (std::size_t at = 0; at < text.size();)
      at = add_next(text, at, upright);
    --depth_;
  }

  std::size_t add_next(std::string_view text, std::size_t at, bool upright) {
    const char c = text[at];
    if (is_blank(c)) {
      spaced_ = true;
      return at + 1;
    }
    if (is_digit(c) || (c == '.' && at + 1 < text.size() && is_digit(text[at + 1]))) {
      auto number =
          read_number(text, at, {.commas = how_.thousands, .blanks = how_.thousands, .exponents = how_.exponents});
      if (!number)
        throw no_formula();
      tokens_.push_back({.kind = token_kind::number,
                         .text = std::move(number->text),
                         .spaced = take_blank(),
                         .number = std::move(number->value),
                         .decimals = number->decimals,
                         .digits = number->digits});
      return number->end;
    }
    if (is_letter(c) || is_foreign(c))
      return add_run(text, at, upright);
    if (c == '\\')
      return add_command(text, at);
    return add_sign(text, at, upright);
  }

  bool take_blank() {
    const bool spaced = spaced_;
    spaced_ = false;
    return spaced;
  }

  void add(token_kind kind, std::string text) {
    tokens_.push_back({.kind = kind, .text = std::move(text), .spaced = take_blank()});
  }

  [[nodiscard]] bool is_behind_value() const {
    if (tokens_.empty())
      return false;
    const auto& last = tokens_.back();
    return last.kind == token_kind::number || last.kind == token_kind::word || last.text == ")" || last.text == "]" ||
           last.text == "}" || last.text == "\\pi" || (last.upright && last.kind == token_kind::symbol);
  }

  /// Behind km/, where an h is an hour.
  [[nodiscard]] bool is_behind_unit() const {
    const auto size = tokens_.size();
    return size > 1 && tokens_[size - 1].text == "/" &&
           (tokens_[size - 2].kind == token_kind::word ||
            (tokens_[size - 2].kind == token_kind::symbol && tokens_[size - 2].upright));
  }

  /// Letters; in words also the full stops and apostrophes between them.
  std::size_t add_run(std::string_view text, std::size_t at, bool upright) {
    std::string run;
    bool foreign = false;
    for (; at < text.size(); ++at) {
      const bool between = at + 1 < text.size() && is_letter(text[at + 1]) && !run.empty();
      if (is_letter(text[at]) || is_foreign(text[at])) {
        foreign = foreign || is_foreign(text[at]);
        run += text[at];
      } else if (!(between && text[at] == '.' && upright) && !(between && text[at] == '\'' && run.size() > 1)) {
        break;
      }
    }
    const bool behind_word = !tokens_.empty() && tokens_.back().kind == token_kind::word &&
                             tokens_.back().text != "and" && tokens_.back().text != "or" && spaced_ && run.size() > 1;
    const bool speed = run == "m" && spaced_ && is_behind_value() && text.substr(at).starts_with("/s") &&
                       (at + 2 == text.size() || !is_letter(text[at + 2]));
    upright = upright || speed || is_behind_unit();
    if ((foreign || behind_word) && run != "and" && run != "or")
      add(token_kind::word, std::move(run));
    else
      add_letters(run,
                  {.upright = upright,
                   .spaced = take_blank(),
                   .behind_value = is_behind_value(),
                   .among_letters = among_letters_},
                  tokens_);
    return at;
  }

  std::size_t add_sign(std::string_view text, std::size_t at, bool upright) {
    constexpr auto pairs = std::to_array<std::pair<std::string_view, std::string_view>>({{"...", "\\ldots"},
                                                                                         {"<=", "\\le"},
                                                                                         {">=", "\\ge"},
                                                                                         {"=<", "\\le"},
                                                                                         {"!=", "\\ne"},
                                                                                         {"==", "="},
                                                                                         {"+-", "\\pm"},
                                                                                         {"{,}", ","}});
    for (const auto& [from, to] : pairs)
      if (text.substr(at).starts_with(from)) {
        add(to[0] == '\\' ? token_kind::command : token_kind::sign, std::string(to));
        return at + from.size();
      }
    const bool between_letters = at > 0 && is_letter(text[at - 1]) && at + 1 < text.size() && is_letter(text[at + 1]);
    if (std::string_view(".?\"#").find(text[at]) != std::string_view::npos || // marks that say nothing
        (text[at] == '-' && between_letters && (upright || among_letters_)))
      spaced_ = true;
    else
      add(token_kind::sign, std::string(1, text[at]));
    return at + 1;
  }

  std::size_t add_command(std::string_view text, std::size_t at) {
    const auto end = end_of_command(text, at);
    const auto written = text.substr(at, end - at);
    const auto command = plain_command(written);
    if (command == "\\text" || command == "\\mathrm" || command == "\\font")
      return add_wrapped(text, end, command);
    if (command == "\\mathbb" || command == "\\mathcal" || command == "\\mathfrak")
      return add_named(text, end, command);
    if (command == "\\overline" || command == "\\bar" || command == "\\hat" || command == "\\tilde" ||
        command == "\\widehat" || command == "\\dot" || command == "\\ddot")
      return add_accented(text, end, command);
    if (command == "\\begin" || command == "\\end")
      return add_environment(text, end, std::string(command));
    if (command == "\\hspace" || command == "\\color" || command == "\\textcolor" || command == "\\phantom")
      return argument(text, end).second;
    if (command.empty() || command == " ") {
      spaced_ = spaced_ || command == " ";
    } else if (command[0] != '\\' || command.size() < 3) {
      add(command == "i" ? token_kind::symbol : token_kind::sign, std::string(command));
    } else {
      add(token_kind::command, std::string(command));
    }
    return end;
  }

  /// What a command takes: the inside of a group, a command, or one character; and where it ends.
  static std::pair<std::string_view, std::size_t> argument(std::string_view text, std::size_t at) {
    while (at < text.size() && is_blank(text[at]))
      ++at;
    if (at == text.size())
      return {{}, at};
    if (text[at] != '{') {
      const auto end = text[at] == '\\' ? end_of_command(text, at) : at + 1;
      return {text.substr(at, end - at), end};
    }
    int depth = 0;
    for (auto end = at; end < text.size(); ++end) {
      if (text[end] == '\\') {
        ++end;
        continue;
      }
      depth += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
      if (depth == 0)
        return {text.substr(at + 1, end - at - 1), end + 1};
    }
    return {text.substr(at + 1), text.size()};
  }

  std::size_t add_wrapped(std::string_view text, std::size_t at, std::string_view command) {
    if (at < text.size() && text[at] == '*')
      ++at;
    const auto [inside, end] = argument(text, at);
    if (command == "\\font") {
      add(token_kind::sign, "{");
      add_all(inside, false);
      add(token_kind::sign, "}");
    } else {
      spaced_ = spaced_ || command == "\\text";
      add_all(inside, true);
      spaced_ = command == "\\text";
    }
    return end;
  }

  /// `\mathbb{R}` is one symbol.
  std::size_t add_named(std::string_view text, std::size_t at, std::string_view command) {
    const auto [inside, end] = argument(text, at);
    add(token_kind::symbol, std::string(command) + "{" + std::string(name_in(inside)) + "}");
    return end;
  }

  /// `\overline{AB}` is AB, `\bar{z}` not z.
  std::size_t add_accented(std::string_view text, std::size_t at, std::string_view command) {
    const auto [inside, end] = argument(text, at);
    const auto name = name_in(inside);
    if (name.size() > 1 && std::all_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
      add_letters(name, {.spaced = take_blank()}, tokens_);
    else
      add(token_kind::symbol,
          (command == "\\overline" ? "\\bar" : std::string(command)) + "{" + std::string(name) + "}");
    return end;
  }

  std::size_t add_environment(std::string_view text, std::size_t at, const std::string& command) {
    auto [name, end] = argument(text, at);
    add(token_kind::command, command + "{" + std::string(name_in(name)) + "}");
    if (command == "\\begin" && name == "array")
      end = argument(text, end).second; // how its columns are set
    return end;
  }

  const reading& how_;
  bool among_letters_;
  bool spaced_ = false;
  int depth_ = 0;
  std::vector<token> tokens_;
};

/// The text without commands that change no letter, for the question whether it is letters only.
std::string without_wrappers(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      result += text[at++];
      continue;
    }
    const auto end = end_of_command(text, at);
    const auto command = plain_command(text.substr(at, end - at));
    const bool says_nothing =
        command.empty() || command == " " || command == "\\font" || command == "\\text" || command == "\\mathrm";
    result += says_nothing ? " " : command;
    at = end;
  }
  return result;
}

} // namespace

std::vector<token> tokens_of(std::string_view answer, const reading& how) {
  const auto text = plain_signs(answer);
  return lexer(how, is_letters_only(without_wrappers(text))).read(text);
}

} // namespace avp::math
