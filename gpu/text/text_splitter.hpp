// Splits text into the pieces inside which a byte-level BPE tokenizer merges.
#pragma once

#include <string_view>
#include <vector>

#include "gpu/text/regular_expression.hpp"
#include "gpu/text/vocabulary.hpp"

namespace avp {

/// A pre-tokenizer. Const use is safe from many threads.
class text_splitter {
public:
  /// Compiles the patterns of `split`, which is not `steps`.
  explicit text_splitter(pre_tokenizer split);

  /// Cuts `text` into pieces, in order and without gaps; they view `text`. Bytes that are not UTF-8 make pieces of
  /// their own. Takes time in proportion to the text. Throws std::runtime_error only when PCRE2 runs out of memory.
  [[nodiscard]] std::vector<std::string_view> split(std::string_view text) const;

private:
  void split_valid(std::string_view text, std::vector<std::string_view>& pieces) const;

  std::vector<regular_expression> patterns_;
};

} // namespace avp
