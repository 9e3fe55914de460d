// Who guesses the next tokens of an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace avp {

/// Follows one text and guesses how it goes on.
class guess_source {
public:
  virtual ~guess_source() = default;

  /// What follows in the text. Positions that are none of a text's tokens (recipe_layouts::no_token) are among them.
  virtual void append(std::span<const std::int32_t> tokens) = 0;

  /// Up to `most` tokens that may come next; with `is_try`, only those that are all but certain.
  [[nodiscard]] virtual std::vector<std::int32_t> guess(std::size_t most, bool is_try) = 0;

  /// Gives back what it holds of a device's memory, if anything. It may have to begin again.
  virtual void give_back() {}
};

} // namespace avp
