// The parser of formulas, by recursive descent; its parts share this class.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/mathematics/formula.hpp"
#include "runtime/mathematics/token.hpp"

namespace avp::math {

/// Counts how deep formulas lie in each other, so that no answer takes the whole stack.
class depth_guard {
public:
  explicit depth_guard(int& depth) : depth_(depth) {
    constexpr int deepest = 120; ///< Each is some five frames; a bracket counts twice.
    if (++depth_ > deepest)
      throw no_formula();
  }
  ~depth_guard() { --depth_; }
  depth_guard(const depth_guard&) = delete;
  depth_guard& operator=(const depth_guard&) = delete;

private:
  int& depth_;
};

class formula_reader {
public:
  explicit formula_reader(std::vector<token> tokens) : tokens_(std::move(tokens)) {}

  /// All tokens as one formula.
  formula answer();

private:
  // Tokens.
  [[nodiscard]] const token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  [[nodiscard]] bool is(std::string_view text, std::size_t ahead = 0) const;
  bool take(std::string_view text);
  void expect(std::string_view text);

  // read_structure.cpp: what stands around expressions.
  formula list();
  bool take_separator(std::string& joint);
  formula statement();
  [[nodiscard]] char relation_sign(std::size_t ahead = 0) const;
  formula side();
  formula ratio();
  formula group();
  formula bracket(std::string open);
  formula set();
  formula matrix(const std::string& environment);
  std::vector<formula> arguments();

  // read_terms.cpp: expressions.
  formula sum();
  formula product();
  formula signed_factor();
  [[nodiscard]] bool begins_factor() const;
  formula factor();
  formula raised(formula base);
  formula bars();
  formula exponent();
  formula atom();
  formula number();
  std::optional<formula> mixed_fraction();
  formula based(const formula& digits);
  formula symbol();
  [[nodiscard]] bool begins_call(const std::string& name) const;
  std::string subscript();
  formula phrase();
  [[nodiscard]] bool begins_phrase(bool behind_value) const;

  // read_commands.cpp: fractions, roots, functions.
  formula command();
  formula fraction();
  formula root(bool whole_numbers);
  formula logarithm();
  formula applied(const std::string& name);
  formula operand();
  formula argument();

  std::vector<token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int bars_ = 0;
};

} // namespace avp::math
