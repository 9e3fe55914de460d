// Splits text by the pre-tokenizer steps of a tokenizer.json.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/text/text_matcher.hpp"
#include "gpu/text/text_steps.hpp"

namespace avp {

/// A part of a text inside of which tokens are found.
struct text_piece {
  std::string text;
  bool is_first = false; ///< Whether the original text begins with it.
};

/// Steps of splitting, each of which takes the pieces that the one before it left. Const use is safe from many threads.
class step_splitter {
public:
  /// No steps: a text is one piece.
  step_splitter() = default;

  /// Throws std::invalid_argument as text_matcher does.
  explicit step_splitter(std::span<const splitter_step> steps);

  /// The pieces of `text`, none of them empty. A byte_level step at the end splits, and leaves bytes as they are.
  [[nodiscard]] std::vector<text_piece> split(std::string_view text, bool is_first) const;

private:
  struct ready_splitter {
    splitter_step step;
    text_matcher matcher;
  };

  std::vector<ready_splitter> steps_;
};

} // namespace avp
