// The memory of blocks.
#include "gpu/cache/block_pool.hpp"

#include <ATen/ATen.h>

namespace avp {

std::int64_t block_shape::bytes() const {
  return layers * 2 * kv_heads * block_positions * head_dim * static_cast<std::int64_t>(c10::elementSize(dtype));
}

block_pool::block_pool(const block_shape& shape, std::int64_t blocks, at::Device device)
    : block_ledger(blocks),
      shape_(shape),
      data_(at::empty({blocks, shape.layers, 2, shape.kv_heads, block_positions * shape.head_dim},
                      at::TensorOptions().dtype(shape.dtype).device(device))) {}

void block_pool::copy_contents(block_id from, block_id to) { data_.select(0, to).copy_(data_.select(0, from)); }

} // namespace avp
