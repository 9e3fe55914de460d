// Positions of one sequence copied to the end of another.
#pragma once

#include <ATen/core/Tensor.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/cache/sequence.hpp"

namespace avp {

/// The rotation of rotary embedding by a number of positions, for each layer and each rotated pair of dimensions
/// (i, i + pairs): [layers, pairs] in float32.
struct rotation {
  at::Tensor cos, sin;
};

/// Copies positions [begin, end) of `from` to the positions of `to` from its length on, for which extend() has made
/// room, and counts them as there. Keys are turned by `turn` where that is given: those of rotary embedding (RoFormer,
/// arXiv 2104.09864) at position p become those at p + Δ, R(p + Δ) = R(Δ)·R(p), in float32 and rounded once to the
/// cache's type.
void move_positions(block_pool& pool, const sequence& from, std::int64_t begin, std::int64_t end, sequence& to,
                    const rotation* turn);

} // namespace avp
