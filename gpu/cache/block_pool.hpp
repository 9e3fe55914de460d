// The KV-cache memory of one model, in blocks.
#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

#include "gpu/cache/block_ledger.hpp"

namespace avp {

/// What a block holds: `block_positions` positions of all layers.
struct block_shape {
  std::int64_t layers = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  at::ScalarType dtype = at::kFloat;

  [[nodiscard]] std::int64_t bytes() const;
  [[nodiscard]] std::int64_t position_bytes() const { return bytes() / block_positions; }
};

/// Blocks with the memory behind them.
class block_pool final : public block_ledger {
public:
  block_pool(const block_shape& shape, std::int64_t blocks, at::Device device);

  [[nodiscard]] const block_shape& shape() const { return shape_; }

  /// All blocks: [blocks, layers, 2, kv_heads, block_positions * head_dim]. Keys ([.., 0, ..]) lie as
  /// [head_dim, block_positions], so that one vector holds one dimension of neighbouring positions; values ([.., 1,
  /// ..]) as [block_positions, head_dim].
  [[nodiscard]] const at::Tensor& data() const { return data_; }

private:
  void copy_contents(block_id from, block_id to) override;

  block_shape shape_;
  at::Tensor data_;
};

} // namespace avp
