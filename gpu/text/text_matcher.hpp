// Finds a text or a pattern of a tokenizer's steps in texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/marked_text.hpp"
#include "gpu/text/regular_expression.hpp"
#include "gpu/text/text_steps.hpp"

namespace avp {

/// What one step_pattern matches. Const use is safe from many threads.
class text_matcher {
public:
  /// Throws std::invalid_argument where the pattern is empty, none, or holds what can't be matched here.
  explicit text_matcher(const step_pattern& pattern);

  /// All places of `text` that match, from left to right and apart from each other. Bytes that are not UTF-8 match
  /// nothing. Throws regular_expression_error when a search takes too many steps.
  [[nodiscard]] std::vector<text_range> find_all(std::string_view text) const;

private:
  std::string text_;
  std::vector<regular_expression> pattern_; // None, or the one.
};

} // namespace avp
