// What a decoder layer does besides matrix products: own kernels on a CPU, ATen elsewhere.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "gpu/kernels/block_tables.hpp"
#include "gpu/model/model_config.hpp"

namespace avp {

/// Attention of a layer.
struct attention_shape {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t dim = 0;
  std::int64_t window = 0; ///< Positions that a row sees, its own among them; 0: all.
  float scale = 0;         ///< Of scores; 0: 1/√dim.

  /// The scale that counts.
  [[nodiscard]] float score_scale() const;
};

// What follows throws std::invalid_argument where sizes or types are not those that it says: see operand_checks.

/// x += y where y is defined; returns RMSNorm(x) · weight in `dtype`. x [rows, columns] and weight [columns] are
/// float32, y is of any type. A row whose squares have no finite sum becomes NaN.
[[nodiscard]] at::Tensor residual_rms_norm(at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double epsilon,
                                           at::ScalarType dtype);

/// RMSNorm, in place, of `count` vectors beside each other in every row of x [rows, columns], from column `first` on,
/// as long as weight [size] (float32) each.
void head_rms_norm(at::Tensor& x, std::int64_t first, std::int64_t count, const at::Tensor& weight, double epsilon);

/// activation(gate) · up of gate_up [rows, 2 * columns]: [rows, columns].
[[nodiscard]] at::Tensor gated(const at::Tensor& gate_up, gate_activation activation);

/// Rotates queries and keys of qkv [rows, (heads + 2 kv_heads) * dim] by the tables cos, sin [positions, pairs]
/// (float32; of each head the first 2 · pairs values are rotated, i and i + pairs together), puts keys and values into
/// their blocks, and returns causal attention of every row to its own sequence: [rows, heads * dim] in the type of qkv.
/// The cache [blocks, layers, 2, kv_heads, block_positions * dim] holds keys ([.., 0, ..]) as [dim, block_positions]
/// and values as [block_positions, dim], in float32 or bfloat16. A row's bits depend on its own sequence alone.
[[nodiscard]] at::Tensor rope_store_attend(const at::Tensor& qkv, const block_tables& tables, const at::Tensor& cos,
                                           const at::Tensor& sin, const attention_shape& shape, const at::Tensor& cache,
                                           std::int64_t layer);

/// e^score / Σ e^score of each row of scores [rows, columns], float32.
[[nodiscard]] at::Tensor softmax(const at::Tensor& scores);

/// The same in ATen's operations, on any device.
namespace aten {
[[nodiscard]] at::Tensor residual_rms_norm(at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double epsilon,
                                           at::ScalarType dtype);
void head_rms_norm(at::Tensor& x, std::int64_t first, std::int64_t count, const at::Tensor& weight, double epsilon);
[[nodiscard]] at::Tensor gated(const at::Tensor& gate_up, gate_activation activation);
[[nodiscard]] at::Tensor rope_store_attend(const at::Tensor& qkv, const block_tables& tables, const at::Tensor& cos,
                                           const at::Tensor& sin, const attention_shape& shape, const at::Tensor& cache,
                                           std::int64_t layer);
} // namespace aten

} // namespace avp
