// Normalises text, and knows which part of the original each part comes from.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/text/marked_text.hpp"
#include "gpu/text/text_matcher.hpp"
#include "gpu/text/text_steps.hpp"

namespace avp {

/// A text, and where each of its bytes comes from.
struct aligned_text {
  std::string text;
  std::vector<text_range> origins; ///< By byte: the part of the original that it was made of.
};

/// The steps of normalising. Const use is safe from many threads.
class normalizer {
public:
  /// No steps.
  normalizer() = default;

  /// Throws std::invalid_argument as text_matcher does.
  explicit normalizer(std::span<const normalizer_step> steps);

  /// Whether it never changes anything.
  [[nodiscard]] bool empty() const { return steps_.empty(); }

  /// `text` after all steps, which is found from the byte `at` on in the original. Bytes that are not UTF-8 stay as
  /// they are.
  [[nodiscard]] aligned_text apply(std::string_view text, std::size_t at = 0) const;

private:
  struct ready_step {
    normalizer_step step;
    std::vector<text_matcher> matcher; // Of replace: the one.
  };

  std::vector<ready_step> steps_;
};

} // namespace avp
