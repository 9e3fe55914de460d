// How the cache of a request is built: rows to run and sequences to put together, one after another.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "gpu/cache/recipe_layout.hpp"
#include "gpu/engine/row_kind.hpp"
#include "transport/payload.hpp"

namespace avp {

/// Rows of one kind that are run one after another.
struct run_rows {
  row_kind kind = row_kind::prefill;
  std::span<const std::int32_t> tokens; ///< Of prompts and answers; they belong to a recipe.
  std::int64_t rows = 0;
  bool replayed = false; ///< Run again to build what was there before.
  std::int64_t done = 0;
  std::span<const std::vector<float>> vectors = {}; ///< Of injected rows; they belong to a recipe, too.

  [[nodiscard]] std::int64_t left() const { return rows - done; }
};

/// Reads a context that came as bytes into the sequence, which is empty.
struct read_bytes {
  std::shared_ptr<const recipe> of;
};

/// Appends the positions of a slice, whose state becomes that of the sequence.
struct read_slice {
  const payload* slice = nullptr; ///< Belongs to a request.
  std::int64_t positions = 0;
};

/// Sets the sequence aside and begins another one, which is to hold the context of a recipe: that context's blocks
/// where it has them, or else the first `shared` positions of what was set aside, to go on by the recipe.
struct open_source {
  std::shared_ptr<const recipe> of;
  std::int64_t shared = 0;
};

/// Appends ranges of the sequence to the one that was set aside last, and goes on with that one.
struct close_source {
  std::vector<position_range> kept;
  bool rotated = true;

  [[nodiscard]] std::int64_t length() const;
};

/// The sequence holds all of the context that a request continues on.
struct base_is_whole {};

using build_step = std::variant<run_rows, read_bytes, read_slice, open_source, close_source, base_is_whole>;
using build_plan = std::deque<build_step>;

/// Appends to a plan: the last hidden state of a context is the one that the next latent step is made of.
void then_state_of(const std::shared_ptr<const recipe>& source, build_plan& plan);

/// What makes a sequence hold a layout when it holds the first `there` positions already. The layout's recipes have to
/// outlive it.
[[nodiscard]] build_plan plan_for(const recipe_layout& layout, std::int64_t there, recipe_layouts& layouts);

/// Blocks that this takes at most at once, beside those full ones of the first `there` positions; all sources being
/// made by their recipes.
[[nodiscard]] std::int64_t blocks_for(const recipe_layout& layout, std::int64_t there, recipe_layouts& layouts);

} // namespace avp
