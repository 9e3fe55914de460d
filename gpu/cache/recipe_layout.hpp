// What each position of a context is, as its recipe tells.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "gpu/recipe.hpp"

namespace avp {

/// How positions came into a context.
enum class position_kind : std::uint8_t {
  prefill,
  latent,
  decode,
  moved,    ///< Made in another context, from where they were taken.
  state,    ///< A latent step made of the last hidden state of another context.
  imported, ///< Read from bytes.
  injected, ///< Read as vectors.
};

/// Positions of one kind, side by side.
struct stretch {
  position_kind kind = position_kind::prefill;
  std::int64_t length = 0;
  std::shared_ptr<const recipe>
      of;                 ///< Whose rows or bytes they are; of moved ones and states, the context that they come from.
  std::int64_t begin = 0; ///< The first of them: among its tokens of that kind, or a position of `of`.
  bool rotated = true;    ///< Of moved ones.

  /// Token ids that were prefilled or decoded.
  [[nodiscard]] std::span<const std::int32_t> tokens() const;

  /// Vectors that were injected.
  [[nodiscard]] std::span<const std::vector<float>> vectors() const;
};

/// All positions of a context in order.
using recipe_layout = std::vector<stretch>;

/// Positions from `first` up to `second`.
using position_range = std::pair<std::int64_t, std::int64_t>;

[[nodiscard]] std::int64_t length_of(const recipe_layout& layout);

/// The positions of a range, which must lie inside.
[[nodiscard]] recipe_layout part_of(const recipe_layout& layout, position_range range);

/// How many positions two contexts begin with that came about in the same way, and so hold the same bits.
[[nodiscard]] std::int64_t common_length(const recipe_layout& a, const recipe_layout& b);

/// Up to which of its first `there` positions a context can be taken from elsewhere, so that running the rest gives all
/// of it: a latent step needs the state of the row before it, and the last state is wanted.
[[nodiscard]] std::int64_t resume_point(const recipe_layout& layout, std::int64_t there);

/// Layouts of recipes, each made once.
class recipe_layouts {
public:
  /// The layout of a recipe. Positions that were continued on are shown as what they are; those that moved, as moved.
  const recipe_layout& of(const std::shared_ptr<const recipe>& history);

  /// Those of some positions of a context that came about in this way, also where they moved.
  [[nodiscard]] std::vector<position_range> of_kind(position_kind kind, const std::shared_ptr<const recipe>& history,
                                                    position_range within);

  /// Stands for positions that are no tokens, such as latent steps.
  static constexpr std::int32_t no_token = -1;

  /// The tokens of some positions of a context, also of those that moved; no_token in place of each stretch without.
  [[nodiscard]] std::vector<std::int32_t> tokens(const std::shared_ptr<const recipe>& history, position_range within);

  /// Whether some of these positions came as bytes, so that nobody knows what they are.
  [[nodiscard]] bool holds_imported(const std::shared_ptr<const recipe>& history, position_range within);

private:
  [[nodiscard]] recipe_layout made(const std::shared_ptr<const recipe>& history);

  std::map<std::shared_ptr<const recipe>, recipe_layout> known_;
};

} // namespace avp
