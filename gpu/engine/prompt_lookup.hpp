// Guesses of the next tokens: what followed when the same tokens stood there before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "gpu/cache/recipe_layout.hpp"
#include "gpu/engine/guess_source.hpp"

namespace avp {

/// An index of all n-grams of a text, which grows with it ("prompt lookup decoding": answers often repeat what the
/// prompt says). Places with the same n-gram are chained, the latest first, as LZ77 coders have them.
class prompt_lookup final : public guess_source {
public:
  /// Tokens that have to be the same for a guess.
  static constexpr std::size_t least_match = 3;

  /// So many that are the same are hardly a coincidence.
  static constexpr std::size_t sure_match = 8;

  static constexpr std::int32_t no_token = recipe_layouts::no_token;

  void append(std::int32_t token);
  void append(std::span<const std::int32_t> tokens) override;

  /// The tokens behind the place that has the longest match with the end of the text, of several the latest. None where
  /// no place matches in `least_match` tokens, or `sure_match` for a try.
  [[nodiscard]] std::vector<std::int32_t> guess(std::size_t most, bool is_try) override;

private:
  using place = std::int32_t; // of a token in the text; -1 for none

  [[nodiscard]] std::size_t match_at(place other) const;

  std::vector<std::int32_t> tokens_;
  std::vector<place> before_;                     // where the n-gram that ends here ended the time before
  std::unordered_map<std::uint64_t, place> last_; // where an n-gram ended last
};

} // namespace avp
