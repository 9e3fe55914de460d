// Fences, line by line.
#include "runtime/score/code_blocks.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "transport/ascii.hpp"

namespace avp {
namespace {

constexpr std::size_t shortest_fence = 3;
constexpr std::size_t tab = 4;

/// A line that is read from left to right; columns count a tab to the next multiple of four.
struct line_reader {
  std::string_view rest;
  std::size_t column = 0;

  [[nodiscard]] char next() const { return rest.empty() ? '\n' : rest.front(); }
  [[nodiscard]] bool at_blank() const { return next() == ' ' || next() == '\t'; }

  void skip() {
    column = next() == '\t' ? (column / tab + 1) * tab : column + 1;
    rest.remove_prefix(1);
  }
  void skip_blanks() {
    while (at_blank())
      skip();
  }
  bool skip_quote() {
    auto ahead = *this;
    ahead.skip_blanks();
    if (ahead.next() != '>')
      return false;
    ahead.skip();
    if (ahead.at_blank())
      ahead.skip();
    *this = {ahead.rest, 0};
    return true;
  }
  bool skip_list_mark() {
    auto ahead = *this;
    ahead.skip_blanks();
    const auto digits =
        static_cast<std::size_t>(std::find_if_not(ahead.rest.begin(), ahead.rest.end(), is_digit) - ahead.rest.begin());
    for (std::size_t i = 0; i < digits; ++i)
      ahead.skip();
    if (std::string_view(digits > 0 ? ".)" : "-+*").find(ahead.next()) == std::string_view::npos)
      return false;
    ahead.skip();
    if (!ahead.at_blank())
      return false;
    ahead.skip_blanks();
    *this = ahead;
    return true;
  }
};

/// What opens a block.
struct fence {
  char sign = '`';
  std::size_t length = 0;
  std::size_t indent = 0; ///< The column at which it stands.
  std::size_t quotes = 0; ///< Marks of quotes before it.
  std::string_view info;
};

std::size_t fence_length(std::string_view text) {
  if (text.empty() || (text.front() != '`' && text.front() != '~'))
    return 0;
  return std::min(text.find_first_not_of(text.front()), text.size());
}

std::string language_of(std::string_view info) {
  const auto begin = std::min(info.find_first_not_of(" \t{."), info.size());
  return lowered(info.substr(begin, info.find_first_of(" \t{},:;=(", begin) - begin));
}

std::optional<fence> opening_fence(std::string_view line) {
  fence found;
  line_reader reader{line};
  while (true) {
    if (reader.skip_quote())
      ++found.quotes;
    else if (!reader.skip_list_mark())
      break;
  }
  reader.skip_blanks();
  found.indent = reader.column;
  found.length = fence_length(reader.rest);
  if (found.length < shortest_fence)
    return {};
  found.sign = reader.next();
  found.info = reader.rest.substr(found.length);
  if (found.sign == '`' && found.info.find('`') != std::string_view::npos)
    return {}; // code within a line
  return found;
}

/// A fence for Python that ends a line of prose.
std::optional<fence> opening_fence_behind_prose(std::string_view line) {
  const auto at = line.find("```");
  if (at == std::string_view::npos)
    return {};
  fence found;
  found.length = fence_length(line.substr(at));
  found.info = line.substr(at + found.length);
  const auto language = language_of(found.info);
  if (!is_python({language, ""}) || lowered(trimmed(found.info)) != language)
    return {};
  return found;
}

/// The lines of a text, without their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.size(), text.starts_with("\r\n") ? std::size_t{2} : std::size_t{1}));
  }
  return lines;
}

/// What a line is for an open block.
struct block_line {
  enum class role : std::uint8_t { content, closes_block, outside };
  role is = role::content;
  std::string text;
};

block_line read_line(std::string_view line, const fence& open) {
  line_reader reader{line};
  for (std::size_t i = 0; i < open.quotes; ++i)
    if (!reader.skip_quote())
      return {block_line::role::outside, ""};
  auto ahead = reader;
  ahead.skip_blanks();
  const auto length = fence_length(ahead.rest);
  constexpr std::size_t most_indent = 3;
  if (length >= open.length && ahead.next() == open.sign && trimmed(ahead.rest.substr(length)).empty() &&
      ahead.column <= open.indent + most_indent)
    return {block_line::role::closes_block, ""};
  while (reader.at_blank() && reader.column < open.indent)
    reader.skip();
  const auto beyond = reader.column > open.indent ? reader.column - open.indent : 0; // of a tab across the edge
  return {block_line::role::content, std::string(beyond, ' ') + std::string(reader.rest)};
}

/// The code before a fence at the end of one of its lines, which was meant to close it.
std::string cut_at_late_fence(std::string text, const fence& open) {
  const std::string closing(open.length, open.sign);
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = trimmed(std::string_view(text).substr(begin, end - begin));
    if (line.ends_with(closing) && line.size() > closing.size())
      return text.substr(0, text.rfind(closing, end)) + "\n";
    begin = end + 1;
  }
  return text;
}

} // namespace

std::vector<code_block> code_blocks(std::string_view text) {
  const auto lines = lines_of(text);
  std::vector<code_block> blocks;
  for (std::size_t at = 0; at < lines.size();) {
    auto open = opening_fence(lines[at]);
    if (!open)
      open = opening_fence_behind_prose(lines[at]);
    ++at;
    if (!open)
      continue;
    code_block block{language_of(open->info), ""};
    auto last = block_line::role::content;
    while (at < lines.size() && last == block_line::role::content) {
      const auto line = read_line(lines[at], *open);
      last = line.is;
      if (last != block_line::role::outside) // such a line may open another block
        ++at;
      if (last == block_line::role::content)
        block.text += line.text + "\n";
    }
    if (last == block_line::role::content)
      block.text = cut_at_late_fence(std::move(block.text), *open);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

bool is_python(const code_block& block) {
  if (block.language.ends_with(".py")) // the name of a file
    return true;
  std::string_view rest = block.language;
  for (const std::string_view name : {"ipython", "python", "py"})
    if (rest.starts_with(name)) {
      rest.remove_prefix(name.size());
      return std::all_of(rest.begin(), rest.end(), [](char c) { return is_digit(c) || c == '.'; });
    }
  return false;
}

} // namespace avp
