// What a decoder layer does besides matrix products: own kernels on a CPU, ATen elsewhere.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

#include <avp/gpu/cache/block_pool.hpp>

namespace avp {

/// Rows of one sequence in a forward pass; they lie side by side.
struct row_group {
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  std::int64_t first_position = 0;  ///< Of the first row; the others follow.
  std::span<const block_id> blocks; ///< Of the sequence, with room for all rows.
};

/// Heads of a model's attention.
struct attention_shape {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t dim = 0;
};

/// x += y where y is defined; returns RMSNorm(x) · weight in `dtype`. x [rows, columns] and weight [columns] are
/// float32, y is of any type.
[[nodiscard]] at::Tensor add_and_norm(at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double epsilon,
                                      at::ScalarType dtype);

/// silu(gate) · up of gate_up [rows, 2 * columns]: [rows, columns].
[[nodiscard]] at::Tensor gated(const at::Tensor& gate_up);

/// Rotates queries and keys of qkv [rows, (heads + 2 kv_heads) * dim] by the tables cos, sin [positions, dim / 2]
/// (float32), puts keys and values into their blocks, and returns causal attention of every row to its own sequence:
/// [rows, heads * dim] in the type of qkv. A row's bits depend on its own sequence alone.
[[nodiscard]] at::Tensor rotate_store_attend(const at::Tensor& qkv, std::span<const row_group> groups,
                                             const at::Tensor& cos, const at::Tensor& sin, const attention_shape& shape,
                                             block_pool& pool, std::int64_t layer);

/// The same in ATen's operations, on any device.
namespace aten {
[[nodiscard]] at::Tensor add_and_norm(at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double epsilon,
                                      at::ScalarType dtype);
[[nodiscard]] at::Tensor gated(const at::Tensor& gate_up);
[[nodiscard]] at::Tensor rotate_store_attend(const at::Tensor& qkv, std::span<const row_group> groups,
                                             const at::Tensor& cos, const at::Tensor& sin, const attention_shape& shape,
                                             block_pool& pool, std::int64_t layer);
} // namespace aten

} // namespace avp
