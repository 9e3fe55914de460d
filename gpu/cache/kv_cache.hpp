// Keys and values of one sequence, layer by layer.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace avp {

/// A contiguous KV-cache. Keys are stored after rotary embedding. Capacity is given at the start: a request knows how
/// far it can get.
class kv_cache {
public:
  kv_cache() = default;

  /// Room for `capacity` positions in each of `layers` pairs of tensors [kv_heads, capacity, head_dim].
  kv_cache(std::int64_t layers, std::int64_t kv_heads, std::int64_t head_dim, std::int64_t capacity,
           const at::TensorOptions& options);

  [[nodiscard]] std::int64_t length() const { return length_; }
  [[nodiscard]] std::int64_t layers() const { return static_cast<std::int64_t>(keys_.size()); }

  /// Keys of the first `positions` positions: [kv_heads, positions, head_dim], a view.
  [[nodiscard]] at::Tensor keys(std::int64_t layer, std::int64_t positions) const;
  [[nodiscard]] at::Tensor values(std::int64_t layer, std::int64_t positions) const;

  /// Writes rows [kv_heads, rows, head_dim] of one layer after the current length, which advance() moves when all
  /// layers have theirs.
  void write(std::int64_t layer, const at::Tensor& key, const at::Tensor& value);
  void advance(std::int64_t rows) { length_ += rows; }

  /// Copies all positions of another cache of the same shape into this empty one; device and dtype may differ.
  void copy_from(const kv_cache& other);

  /// Gives back what lies behind the current length, when that is worth a copy (a quarter of the memory or more).
  void trim();

private:
  std::vector<at::Tensor> keys_;
  std::vector<at::Tensor> values_;
  std::int64_t length_ = 0;
};

} // namespace avp
