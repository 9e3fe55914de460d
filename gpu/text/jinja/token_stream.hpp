// Tokens of a template, one after another.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/jinja/lexer.hpp"

namespace avp::jinja {

/// The tokens and how far they were read.
class token_stream {
public:
  explicit token_stream(std::vector<token> tokens) : tokens_(std::move(tokens)) {}

  /// The token that is next; the one behind it.
  [[nodiscard]] const token& current() const { return tokens_[at_]; }
  [[nodiscard]] const token& following() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }

  /// Reads on.
  const token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  /// Reads the sign, or name, if it is next.
  bool skip_sign(std::string_view sign) { return skip(current().is_sign(sign)); }
  bool skip_name(std::string_view name) { return skip(current().is_name(name)); }

  /// Reads the sign, or what is of the type; throws error where something else is next.
  const token& expect_sign(std::string_view sign);
  const token& expect(token_type type);
  const token& expect_name(std::string_view name);

  /// Throws error: `expected` should have been next.
  [[noreturn]] void fail(const std::string& expected) const;

private:
  bool skip(bool is_it) {
    if (is_it)
      next();
    return is_it;
  }

  std::vector<token> tokens_;
  std::size_t at_ = 0;
};

} // namespace avp::jinja
