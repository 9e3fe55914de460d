// What the decoder does besides matrix products, row by row, for one level of the processor's instruction set.
#pragma once

#include <cstdint>

namespace avp {

enum class kernel_path : std::uint8_t; // Its header has inline functions, which the levels must not see.

/// A run of queries of one sequence and one key head against the blocks of that sequence.
struct attention_tile {
  const float* queries = nullptr;       ///< Scaled. Query i is head i % group of row i / group.
  std::int64_t query_stride = 0;        ///< Values between the rows that queries belong to.
  std::int64_t group = 0;               ///< Query heads of one key head: they lie side by side in a row.
  std::int64_t first = 0;               ///< First query, counted over rows and then heads of the group.
  std::int64_t count = 0;               ///< Queries in the tile, at most attention_queries.
  std::int64_t first_position = 0;      ///< Position of row 0; a row sees its own position and all before it.
  const std::int32_t* blocks = nullptr; ///< The sequence's blocks.
  const void* cache = nullptr;          ///< Keys of this layer and head in block 0.
  std::int64_t block_stride = 0;        ///< Elements from one block to the next.
  std::int64_t value_offset = 0;        ///< Elements from a block's keys to its values.
  std::int64_t dim = 0;
  void* out = nullptr; ///< Laid out like queries.
  std::int64_t out_stride = 0;
  std::int64_t window = 0; ///< Positions that a row sees, its own among them; 0: all before it.
};

/// Queries that share the reading of keys and values at most.
constexpr std::int64_t attention_queries = 8;

/// What softmax makes of logits.
struct distribution {
  double log_sum = 0; ///< log Σ e^logit; the log-probability of a token is its logit minus this.
  double entropy = 0; ///< In nats.
};

/// A = type of activations, K = type of the cache; both float or bfloat16 (as its 16 bits). All reductions have an
/// order that depends on their length alone, so a row's bits do not depend on its company; all levels that can round a
/// product and a sum at once give the same bits.
struct row_kernels {
  using bits16 = std::uint16_t;

  /// x += y (where y is given); out = x · w / √(mean x² + ε), NaN where the mean is not finite. RMSNorm, arXiv
  /// 1910.07467.
  template <class A>
  using norm = void (*)(float* x, const A* y, const float* weight, A* out, std::int64_t columns, float epsilon);

  /// out = activation(gate) · up, gate and up side by side. SwiGLU and GEGLU, arXiv 2002.05202.
  template <class A>
  using gate = void (*)(const A* gate_up, A* out, std::int64_t columns);

  /// One row of a rotation: what is turned, by what, and where it goes.
  template <class A, class K>
  struct rotated_row {
    const A* qkv;           ///< [(heads + 2 kv_heads) * dim]
    const float *cos, *sin; ///< [pairs]
    float* queries;         ///< [heads * dim], scaled by `scale`
    K* block;               ///< Keys and values go into one slot of it.
    std::int64_t slot, value_offset, head_stride;
    std::int64_t heads, kv_heads, dim;
    std::int64_t pairs; ///< Of each head's values the first 2 · pairs are rotated, (i, i + pairs) together.
    float scale;
  };

  template <class A, class K>
  using rope_store = void (*)(const rotated_row<A, K>& row);

  /// The place of the first of the largest of `count` values; 0 where none is a number.
  using largest = std::int64_t (*)(const float* values, std::int64_t count);

  /// Of `count` logits.
  using describe = distribution (*)(const float* logits, std::int64_t count);

  /// out = e^value / Σ e^value.
  using softmax_row = void (*)(const float* values, float* out, std::int64_t count);

  using attend = void (*)(const attention_tile& tile);

  norm<float> norm_float;
  norm<bits16> norm_bfloat16;
  gate<float> silu_gate_float;
  gate<bits16> silu_gate_bfloat16;
  gate<float> gelu_gate_float; ///< GELU by its approximation with tanh, arXiv 1606.08415.
  gate<bits16> gelu_gate_bfloat16;
  rope_store<float, float> rope_store_float_float;
  rope_store<float, bits16> rope_store_float_bfloat16;
  rope_store<bits16, float> rope_store_bfloat16_float;
  rope_store<bits16, bits16> rope_store_bfloat16_bfloat16;
  attend attend_float_float;
  attend attend_float_bfloat16; ///< Activations float, cache bfloat16.
  attend attend_bfloat16_float;
  attend attend_bfloat16_bfloat16;
  largest first_largest;
  describe distribution_of;
  softmax_row softmax;
};

/// The table of fastest_kernel_path().
[[nodiscard]] const row_kernels& cpu_row_kernels();

/// The table of a path, which this processor must be able to run.
[[nodiscard]] const row_kernels& row_kernels_of(kernel_path path);

} // namespace avp
