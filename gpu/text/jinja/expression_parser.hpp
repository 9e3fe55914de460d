// Reads the expressions of a template.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "gpu/text/jinja/syntax.hpp"
#include "gpu/text/jinja/token_stream.hpp"

namespace avp::jinja {

/// Reads expressions, with the precedence that jinja2 gives to operators.
class expression_parser {
public:
  explicit expression_parser(token_stream& tokens) : tokens_(tokens) {}

  /// One expression; with `conditional` off "a if b" is not read as one.
  expression_ptr expression_of(bool conditional = true);

  /// One expression, or a tuple without brackets, up to the end of the tag or one of `ends`.
  expression_ptr tuple_of(bool conditional = true, std::string_view end = {});

  /// What can be assigned to: a name, a tuple of them, or an attribute of a namespace where `attributes` is set.
  expression_ptr target_of(std::string_view end = {}, bool attributes = false);

  /// The filters that follow `of`, behind a "|" each; with `bare` the first has none. Null where there are none.
  expression_ptr filters_of(expression_ptr of, bool bare = false);

  /// Counts one more level of brackets or blocks; throws error when there are too many.
  void enter();
  void leave() { --level_; }

  /// How many unknown filters and tests were met. Inside of "if" they are only a mistake when they are used: such a
  /// part is forgiven those since `before`; of another they are thrown.
  [[nodiscard]] std::size_t unknown() const { return unknown_.size(); }
  void forgive(std::size_t before) {
    unknown_.erase(unknown_.begin() + static_cast<std::ptrdiff_t>(before), unknown_.end());
  }
  void insist(std::size_t before) const;

  /// Begins and ends the body of a macro: which of "caller", "kwargs" and "varargs" it speaks of is noted in `takes`.
  void begin_macro(parameters& takes) { macros_.push_back({&takes}); }
  void end_macro() { macros_.pop_back(); }

  /// Notes that `name` is given a value: from here on it is not one of those three.
  void note_assigned(std::string_view name);

private:
  /// A macro that is being read, and which names are still those that it can be given.
  struct macro_words {
    parameters* takes;
    bool caller = true;
    bool keywords = true;
    bool more = true;
  };

  expression_ptr made(expression_kind kind, place at, std::vector<expression_ptr> parts, std::string name = {});
  expression_ptr finished(expression_ptr node);
  expression_ptr or_of();
  expression_ptr and_of();
  expression_ptr not_of();
  expression_ptr comparison_of();
  expression_ptr binary_of(std::initializer_list<std::string_view> signs, expression_ptr (expression_parser::*part)());
  expression_ptr sum_of();
  expression_ptr concatenation_of();
  expression_ptr product_of();
  expression_ptr power_of();
  expression_ptr filtered_unary() { return unary_of(true); }
  expression_ptr unary_of(bool with_filters);
  expression_ptr primary_of(bool attributes = false);
  expression_ptr list_of();
  expression_ptr map_of();
  expression_ptr postfix_of(expression_ptr node);
  expression_ptr subscript_of(expression_ptr node);
  expression_ptr slice_of();
  expression_ptr call_of(expression_ptr node);
  expression_ptr test_of(expression_ptr node);
  call_arguments arguments_of();
  std::string dotted_name();
  void note_targets(const expression& target);
  expression_ptr name_of(const token& read);
  expression_ptr elements_of(bool simple, bool conditional, bool attributes, std::string_view end, bool in_brackets);

  /// One level, as long as it lives.
  class level {
  public:
    explicit level(expression_parser& parser) : parser_(parser) { parser_.enter(); }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { parser_.leave(); }

  private:
    expression_parser& parser_;
  };

  static std::vector<expression_ptr> parts_of(expression_ptr first, expression_ptr second = nullptr);

  token_stream& tokens_;
  std::vector<error> unknown_;
  std::vector<macro_words> macros_;
  std::size_t level_ = 0;
};

} // namespace avp::jinja
