// A prompt with `{{name}}` places, parsed once and rendered for every task.
#include "agents/prompt_template.hpp"

#include "transport/ascii.hpp"

namespace avp {
namespace {

bool is_name_start(char c) { return is_letter(c) || c == '_'; }

bool is_name_char(char c) { return is_name_start(c) || is_digit(c) || c == '-'; }

/// The part of a bad name that a message can show on one line.
std::string shown(std::string_view name) {
  constexpr std::size_t longest = 40;
  std::string result;
  for (const char c : name.substr(0, longest))
    result += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  if (name.size() > longest) {
    // Not in the middle of a UTF-8 character.
    for (auto next = longest; !result.empty() && (name[next] & 0xC0) == 0x80; --next)
      result.pop_back();
    result += "…";
  }
  return result;
}

/// Reads the name after the `{{` at `open` and moves `at` behind the closing braces.
std::string read_name(std::string_view text, std::size_t open, std::size_t& at) {
  const auto begin = open + 2;
  const auto close = text.find("}}", begin);
  if (close == std::string_view::npos)
    throw template_error("\"{{\" is not closed: expected \"{{name}}\" (\"{{{{\" writes two braces as they are)", open);
  const auto name = trimmed(text.substr(begin, close - begin));
  if (name.empty())
    throw template_error("\"{{}}\" has no name: expected \"{{name}}\" (\"{{{{\" writes two braces as they are)", open);
  if (!is_template_name(name))
    throw template_error(
        "\"" + shown(name) +
            "\" is not a name: between \"{{\" and \"}}\" expected a letter or _, then letters, digits, "
            "_ and - (\"{{{{\" writes two braces as they are)",
        open);
  at = close + 2;
  return std::string(name);
}

} // namespace

bool is_template_name(std::string_view name) {
  if (name.empty() || !is_name_start(name.front()))
    return false;
  for (const char c : name)
    if (!is_name_char(c))
      return false;
  return true;
}

prompt_template::prompt_template(std::string_view text) : text_(text) {
  std::string literal;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t braces = 0;
    while (at + braces < text.size() && text[at + braces] == '{')
      ++braces;
    if (braces < 2) {
      literal += text[at++];
    } else if (braces >= 4) {
      literal += "{{";
      at += 4;
    } else {
      if (braces == 3) {
        literal += '{';
        ++at;
      }
      const auto open = at;
      places_.push_back({read_name(text, open, at), open});
      literals_.push_back(std::move(literal));
      literal.clear();
    }
  }
  literals_.push_back(std::move(literal));
}

std::set<std::string> prompt_template::variables() const {
  std::set<std::string> names;
  for (const auto& place : places_)
    names.insert(place.name);
  return names;
}

marked_text prompt_template::render(const std::map<std::string, std::string>& values) const {
  marked_text result;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto value = values.find(places_[i].name);
    if (value == values.end())
      throw missing_variable(places_[i].name);
    result += marked_text::trusted(literals_[i]);
    result += value->second;
  }
  if (!literals_.empty())
    result += marked_text::trusted(literals_.back());
  return result;
}

} // namespace avp
