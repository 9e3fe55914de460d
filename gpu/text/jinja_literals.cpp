// Takes a Jinja template apart into the texts that it may print and the code between them.
#include "gpu/text/jinja_literals.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace avp {

namespace {

constexpr std::string_view white_space = " \t\r\n";

/// Reads a template from the front; `source_` is what is left.
class literal_reader {
public:
  explicit literal_reader(std::string_view source) : source_(source) {}

  jinja_literals read() {
    while (!source_.empty()) {
      read_outside();
      if (!source_.empty())
        read_tag();
    }
    return std::move(result_);
  }

private:
  /// Reads up to the next tag.
  void read_outside() {
    std::size_t end = source_.find('{');
    while (end != std::string_view::npos && (end + 1 == source_.size() || !is_tag_mark(source_[end + 1])))
      end = source_.find('{', end + 1);
    std::string_view text = source_.substr(0, end);
    source_.remove_prefix(text.size());
    cut_end_of_tag_before(text);
    if (source_.size() > 2)
      cut_begin_of_tag_after(text);
    if (!text.empty())
      add({std::string(text), {}});
  }

  static bool is_tag_mark(char c) { return c == '{' || c == '%' || c == '#'; }

  void cut_end_of_tag_before(std::string_view& text) const {
    if (strip_after_)
      text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
    else if (drop_newline_after_ && text.starts_with('\n'))
      text.remove_prefix(1);
  }

  /// "{%-" takes all white space before it, "{%" and "{#" what stands before them on their line.
  void cut_begin_of_tag_after(std::string_view& text) const {
    const bool strip = source_[2] == '-';
    if (!strip && (source_[1] == '{' || source_[2] == '+'))
      return;
    const std::size_t kept = text.find_last_not_of(strip ? white_space : " \t") + 1; // 0 when nothing is found.
    if (strip || kept == 0 || text[kept - 1] == '\n')
      text = text.substr(0, kept);
  }

  void read_tag() {
    const char mark = source_[1];
    source_.remove_prefix(2);
    if (mark == '#')
      read_comment();
    else
      read_code(mark == '{' ? "}}" : "%}");
    drop_newline_after_ = mark != '{';
  }

  void read_comment() {
    const std::size_t end = source_.find("#}");
    strip_after_ = end != std::string_view::npos && end > 0 && source_[end - 1] == '-';
    source_.remove_prefix(end == std::string_view::npos ? source_.size() : end + 2);
  }

  void read_code(std::string_view end) {
    if (source_.starts_with('-') || source_.starts_with('+'))
      source_.remove_prefix(1);
    std::string code;
    strip_after_ = false;
    while (!source_.empty() && !source_.starts_with(end)) {
      const char c = source_.front();
      strip_after_ = c == '-';
      source_.remove_prefix(1);
      if (c == '\'' || c == '"') {
        result_.code += code;
        add({read_string(c), std::move(code)});
        code.clear();
      } else if (white_space.find(c) == std::string_view::npos) {
        code += c;
      }
    }
    if (strip_after_ && !code.empty())
      code.pop_back();
    result_.code += code;
    result_.code += ';';
    source_.remove_prefix(std::min(end.size(), source_.size()));
  }

  /// Reads a string whose opening quote has been read.
  std::string read_string(char quote) {
    std::string text;
    while (!source_.empty()) {
      const char c = source_.front();
      source_.remove_prefix(1);
      if (c == quote)
        break;
      if (c == '\\' && !source_.empty()) {
        text += unescape(source_.front());
        source_.remove_prefix(1);
      } else {
        text += c;
      }
    }
    return text;
  }

  static char unescape(char c) { return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c; }

  void add(jinja_literals::literal literal) {
    result_.joined += literal.text;
    result_.texts.push_back(std::move(literal));
  }

  std::string_view source_;
  jinja_literals result_;
  bool strip_after_ = false;        // The last tag ended with "-%}" or the like.
  bool drop_newline_after_ = false; // The last tag was a statement or a comment.
};

} // namespace

jinja_literals read_jinja_literals(std::string_view source) { return literal_reader(source).read(); }

} // namespace avp
