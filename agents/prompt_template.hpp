// A prompt with `{{name}}` places, parsed once and rendered for every task.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/marked_text.hpp"

namespace avp {

/// Says what is wrong with a template and where.
class template_error : public std::invalid_argument {
public:
  template_error(const std::string& message, std::size_t offset) : std::invalid_argument(message), offset_(offset) {}

  /// Byte of the template text at which the mistake begins, from 0.
  [[nodiscard]] std::size_t offset() const { return offset_; }

private:
  std::size_t offset_;
};

/// Says that a template was rendered without a value for one of its variables.
class missing_variable : public std::runtime_error {
public:
  explicit missing_variable(const std::string& name)
      : std::runtime_error("Nothing gives a value for {{" + name +
                           "}}: the record has no such field, and no earlier "
                           "agent of that name has a text.") {}
};

/// Text with variables: `{{name}}`, spaces inside the braces allowed, names as `is_template_name` says.
/// Four braces `{{{{` stand for a literal `{{`; with three, the first is literal, so that `\boxed{{{answer}}}` puts a
/// value into one pair of braces. `}}` outside a variable is plain text.
class prompt_template {
public:
  /// Where a variable stands in the template text.
  struct variable_place {
    std::string name;
    std::size_t offset = 0; ///< Byte at which its `{{` begins.
  };

  /// The empty template.
  prompt_template() = default;

  /// Parses `text`. Throws template_error where a `{{` is not closed or what it encloses is not a name.
  explicit prompt_template(std::string_view text);

  /// The text that was parsed.
  [[nodiscard]] const std::string& text() const { return text_; }

  /// The names of all variables, each once.
  [[nodiscard]] std::set<std::string> variables() const;

  /// Every use of a variable, in the order of the text.
  [[nodiscard]] const std::vector<variable_place>& places() const& { return places_; }
  [[nodiscard]] std::vector<variable_place> places() && { return std::move(places_); }

  /// The text with every variable replaced. Values are put in as they are, and marked as data: neither `{{` nor a
  /// special token in a value means anything. Throws missing_variable where `values` lacks a name.
  [[nodiscard]] marked_text render(const std::map<std::string, std::string>& values) const;

private:
  std::string text_;
  std::vector<variable_place> places_;
  std::vector<std::string> literals_; ///< literals_[i] precedes places_[i]; one more than places_, or none at all.
};

/// Whether `name` can be used as `{{name}}`: a letter or `_`, then letters, digits, `_` and `-` (ASCII).
[[nodiscard]] bool is_template_name(std::string_view name);

} // namespace avp
