// Takes a template apart into text and the words inside of its tags.
#include "gpu/text/jinja/lexer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/number_literal.hpp"
#include "gpu/text/jinja/string_literal.hpp"
#include "gpu/text/utf8.hpp"
#include "gpu/text/white_space.hpp"

namespace avp::jinja {

namespace {

/// Every line end as one line feed, without the last one.
std::string with_line_feeds(std::string_view source) {
  std::string made;
  made.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i)
    if (source[i] != '\r')
      made += source[i];
    else if (i + 1 == source.size() || source[i + 1] != '\n')
      made += '\n';
  if (made.ends_with('\n'))
    made.pop_back();
  return made;
}

class lexer {
public:
  explicit lexer(std::string source) : source_(std::move(source)) {}

  std::vector<token> read() {
    while (at_ < source_.size())
      read_text();
    add(token_type::end, {});
    return std::move(tokens_);
  }

private:
  [[nodiscard]] std::string_view rest() const { return std::string_view(source_).substr(at_); }
  [[nodiscard]] bool sees(std::string_view what) const { return rest().starts_with(what); }

  bool skip(std::string_view what) {
    const bool found = sees(what);
    if (found)
      at_ += what.size();
    return found;
  }

  void skip_white_space() {
    while (at_ < source_.size()) {
      const utf8_unit unit = read_utf8(rest());
      if (unit.state != utf8_state::valid || !is_python_space(unit.character))
        break;
      at_ += unit.length;
    }
  }

  place here(std::size_t at) {
    if (at < line_begin_)
      counted_ = line_begin_ = 0, line_ = 1;
    for (; counted_ < at; ++counted_)
      if (source_[counted_] == '\n') {
        ++line_;
        line_begin_ = counted_ + 1;
      }
    return {line_, at - line_begin_ + 1};
  }

  [[noreturn]] void fail(std::size_t at, const std::string& message) { throw error(here(at), message); }

  void add(token_type type, std::string text) { tokens_.push_back({type, std::move(text), here(began_)}); }

  /// The text up to the next tag, cut at its end as the tag wants it, and the tag.
  void read_text() {
    const std::size_t begin = at_;
    std::size_t tag = source_.find('{', at_);
    while (tag != std::string::npos && tag + 1 < source_.size() && source_[tag + 1] != '{' && source_[tag + 1] != '%' &&
           source_[tag + 1] != '#')
      tag = source_.find('{', tag + 1);
    if (tag == std::string::npos || tag + 1 >= source_.size()) {
      began_ = begin;
      add_text(source_.substr(begin));
      at_ = source_.size();
      return;
    }
    const char kind = source_[tag + 1];
    at_ = tag + 2;
    const char cut = read_cut();
    began_ = begin;
    add_text(cut_end(std::string_view(source_).substr(begin, tag - begin), cut, kind != '{'));
    began_ = tag;
    if (kind == '{') {
      add(token_type::variable_begin, "{{");
      read_tag(token_type::variable_end);
    } else if (kind == '#') {
      read_comment(tag);
    } else if (!read_raw(tag)) {
      add(token_type::block_begin, "{%");
      read_tag(token_type::block_end);
    }
  }

  void add_text(std::string text) {
    if (!text.empty())
      add(token_type::text, std::move(text));
  }

  /// The sign behind the beginning of a tag: '-', '+' or nothing.
  char read_cut() { return skip("-") ? '-' : skip("+") ? '+' : ' '; }

  /// `text` as it is before a tag: "-" cuts all white space, a block that begins its line cuts the line's.
  [[nodiscard]] std::string cut_end(std::string_view text, char cut, bool is_block) const {
    if (cut == '-')
      return strip(marked_text::trusted(std::string(text)), side::right).text();
    if (cut == '+' || !is_block)
      return std::string(text);
    const auto feed = text.rfind('\n');
    const auto begin = feed == std::string_view::npos ? 0 : feed + 1;
    const bool begins_line = begin > 0 || line_starts_;
    if (begins_line && stripped(text.substr(begin)).empty())
      text = text.substr(0, begin);
    return std::string(text);
  }

  /// The end of a block or comment: `close` with what it takes of the text behind it. False when it isn't there.
  bool read_close(std::string_view close) {
    const std::size_t begin = at_;
    if (sees("-") && rest().substr(1).starts_with(close)) {
      at_ += 1 + close.size();
      skip_white_space();
    } else if (sees("+") && rest().substr(1).starts_with(close)) {
      at_ += 1 + close.size();
    } else if (skip(close)) {
      skip("\n");
    } else {
      return false;
    }
    line_starts_ = at_ > begin && source_[at_ - 1] == '\n';
    return true;
  }

  void read_comment(std::size_t tag) {
    if (at_ == source_.size()) // jinja2 does not mind where nothing follows
      return;
    for (; at_ < source_.size(); ++at_)
      if (read_close("#}"))
        return;
    fail(tag, "a comment begins here and never ends: \"#}\" is missing");
  }

  /// A raw block, whose text stays as it is. False when the tag is another one.
  bool read_raw(std::size_t tag) {
    const std::size_t behind_sign = at_;
    skip_white_space();
    if (!skip("raw")) {
      at_ = behind_sign;
      return false;
    }
    skip_white_space();
    if (skip("-%}")) {
      skip_white_space();
    } else if (!skip("%}")) {
      at_ = behind_sign;
      return false;
    }
    line_starts_ = source_[at_ - 1] == '\n';
    if (at_ == source_.size()) // as with comments
      return true;
    const std::size_t begin = at_;
    for (std::size_t end = source_.find("{%", at_); end != std::string::npos; end = source_.find("{%", end + 1)) {
      at_ = end + 2;
      const char cut = read_cut();
      skip_white_space();
      if (!skip("endraw"))
        continue;
      skip_white_space();
      const bool before = line_starts_;
      if (read_close("%}")) {
        const bool behind = std::exchange(line_starts_, before);
        began_ = begin;
        add_text(cut_end(std::string_view(source_).substr(begin, end - begin), cut, true));
        line_starts_ = behind;
        return true;
      }
    }
    fail(tag, "a raw block begins here and never ends: \"{% endraw %}\" is missing");
  }

  /// The words inside of a tag, up to its end.
  void read_tag(token_type end) {
    const std::size_t tag = at_ - 2;
    std::string open;
    while (true) {
      skip_white_space();
      if (at_ >= source_.size())
        fail(tag, "a tag begins here and never ends");
      began_ = at_;
      if (open.empty() && read_tag_end(end)) {
        add(end, end == token_type::block_end ? "%}" : "}}");
        return;
      }
      if (!read_number() && !read_name() && !read_string())
        read_sign(open);
    }
  }

  bool read_tag_end(token_type end) {
    if (end == token_type::block_end)
      return read_close("%}");
    if (skip("-}}"))
      skip_white_space();
    else if (!skip("}}"))
      return false;
    line_starts_ = source_[at_ - 1] == '\n';
    return true;
  }

  bool read_number() {
    if (source_[at_] < '0' || source_[at_] > '9')
      return false;
    const std::size_t floating = float_end(source_, at_);
    const std::size_t end = floating > at_ ? floating : integer_end(source_, at_);
    std::string digits = source_.substr(at_, end - at_);
    std::erase(digits, '_');
    add(floating > at_ ? token_type::floating : token_type::integer, digits);
    at_ = end;
    return true;
  }

  bool read_name() {
    const std::size_t begin = at_;
    while (at_ < source_.size()) {
      const utf8_unit unit = read_utf8(rest());
      if (unit.state != utf8_state::valid || !is_of(character_class::word, unit.character))
        break;
      at_ += unit.length;
    }
    if (at_ > begin)
      add(token_type::name, source_.substr(begin, at_ - begin));
    return at_ > begin;
  }

  bool read_string() {
    const char quote = source_[at_];
    if (quote != '"' && quote != '\'')
      return false;
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote)
      end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size())
      fail(at_, "a string begins here and never ends");
    try {
      add(token_type::string, unescaped(std::string_view(source_).substr(at_ + 1, end - at_ - 1)));
    } catch (const fault& wrong) {
      fail(at_, wrong.what());
    }
    at_ = end + 1;
    return true;
  }

  void read_sign(std::string& open) {
    constexpr std::array<std::string_view, 6> pairs{"**", "//", "==", "!=", ">=", "<="};
    const auto pair = std::ranges::find_if(pairs, [&](auto sign) { return sees(sign); });
    const std::string sign = pair != pairs.end() ? std::string(*pair) : source_.substr(at_, 1);
    const char first = sign[0];
    if (pair == pairs.end() && std::string_view("+-/*%~[](){}><=.:|,;").find(first) == std::string_view::npos)
      fail(at_, "the character \"" + source_.substr(at_, read_utf8(rest()).length) + "\" has no meaning in a tag");
    if (first == '(' || first == '[' || first == '{')
      open += first == '(' ? ')' : first == '[' ? ']' : '}';
    if (first == ')' || first == ']' || first == '}') {
      if (open.empty() || open.back() != first)
        fail(at_,
             "unexpected \"" + sign + "\"" + (open.empty() ? "" : std::string(", expected \"") + open.back() + "\""));
      open.pop_back();
    }
    add(token_type::sign, sign);
    at_ += sign.size();
  }

  std::string source_;
  std::size_t at_ = 0;
  std::size_t began_ = 0;   // of the token that is read
  bool line_starts_ = true; // whether what was read last ended a line
  std::size_t counted_ = 0; // up to where lines are counted
  std::size_t line_ = 1;
  std::size_t line_begin_ = 0;
  std::vector<token> tokens_;
};

} // namespace

std::vector<token> read_tokens(std::string_view source) { return lexer(with_line_feeds(source)).read(); }

} // namespace avp::jinja
