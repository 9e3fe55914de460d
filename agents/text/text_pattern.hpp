// A regular expression that a pipeline file names.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gpu/text/regular_expression.hpp"

namespace avp {

/// Says what is wrong with a pattern and where.
class pattern_error : public std::invalid_argument {
public:
  pattern_error(const std::string& message, std::size_t offset) : std::invalid_argument(message), offset_(offset) {}

  /// Byte of the pattern at which the mistake was noticed, from 0.
  [[nodiscard]] std::size_t offset() const { return offset_; }

private:
  std::size_t offset_;
};

/// A Perl-compatible regular expression (PCRE2) over UTF-8.
class text_pattern {
public:
  /// Throws pattern_error where `pattern` is none.
  explicit text_pattern(const std::string& pattern);

  /// Whether it matches somewhere in `text`. Bytes that are no UTF-8 match nothing. Throws std::runtime_error when the
  /// search takes more steps than PCRE2's limits allow.
  [[nodiscard]] bool matches(std::string_view text) const;

private:
  regular_expression expression_;
};

} // namespace avp
