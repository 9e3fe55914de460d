// Copies and rotations in runs that stay inside one block on both sides.
#include "gpu/cache/move_positions.hpp"

#include <algorithm>

#include <ATen/ATen.h>

namespace avp {

namespace {

// Keys [layers, kv_heads, dim, positions] turned. Products and sums are rounded one by one, so that the bits of a
// position do not depend on how many are turned at once.
at::Tensor turned(const at::Tensor& keys, const rotation& turn) {
  const auto layers = turn.cos.size(0), pairs = turn.cos.size(1);
  const auto wide = keys.to(at::kFloat);
  const auto a = wide.narrow(2, 0, pairs), b = wide.narrow(2, pairs, pairs);
  const auto cos = turn.cos.view({layers, 1, pairs, 1}), sin = turn.sin.view({layers, 1, pairs, 1});
  return at::cat({a * cos - b * sin, b * cos + a * sin, wide.narrow(2, 2 * pairs, wide.size(2) - 2 * pairs)}, 2);
}

} // namespace

void move_positions(block_pool& pool, const sequence& from, std::int64_t begin, std::int64_t end, sequence& to,
                    const rotation* turn) {
  const auto& shape = pool.shape();
  pool.count_moved(end - begin);
  const auto keys_of = [&](block_id block, std::int64_t slot, std::int64_t count) {
    return pool.data()
        .select(0, block)
        .select(1, 0)
        .view({shape.layers, shape.kv_heads, shape.head_dim, block_positions})
        .narrow(3, slot, count);
  };
  const auto values_of = [&](block_id block, std::int64_t slot, std::int64_t count) {
    return pool.data()
        .select(0, block)
        .select(1, 1)
        .view({shape.layers, shape.kv_heads, block_positions, shape.head_dim})
        .narrow(2, slot, count);
  };
  while (begin < end) {
    const auto source = begin % block_positions, target = to.length() % block_positions;
    const auto count = std::min({end - begin, block_positions - source, block_positions - target});
    const auto old_block = from.blocks()[begin / block_positions];
    const auto new_block = to.blocks()[to.length() / block_positions];
    const auto keys = keys_of(old_block, source, count);
    keys_of(new_block, target, count).copy_(turn != nullptr ? turned(keys, *turn) : keys);
    values_of(new_block, target, count).copy_(values_of(old_block, source, count));
    to.advance(count);
    begin += count;
  }
}

} // namespace avp
