// The inner loops over packed blocks: one table of functions for each weight type and path. Internal to gpu/kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "gpu/kernels/kernel_path.hpp"
#include "gpu/kernels/packed_block.hpp"
#include "gpu/kernels/quantized_rows.hpp"
#include "gpu/model/tensor_type.hpp"

namespace avp {

/// Tiles that add_transposed sums up before it adds to what was there.
inline constexpr int transposed_tiles = 24;

/// Rows from which multiply_many is asked and not multiply. With 16 AMX is still behind, with 32 it is ahead.
inline constexpr std::int64_t many_rows = 24;

/// A packed matrix: tile after tile, each a row of packed blocks. Outputs beyond the last one are zeros.
struct packed_tiles {
  const std::byte* data;
  std::int64_t blocks; ///< Packed blocks in a tile.
  std::int64_t outputs;
};

/// The first packed block of a tile.
template <class Block>
const Block* tile_at(const packed_tiles& weights, std::int64_t tile) {
  return reinterpret_cast<const Block*>(weights.data) + tile * weights.blocks;
}

/// All functions work on the tiles [begin, end) and can run beside each other on others.
struct block_kernels {
  /// out[r · stride + o] = x[r] · weights[o]. A row's sum runs over the parts in order, whatever the other rows are:
  /// integer dot product, times weight scale, times activation scale added in one rounding.
  void (*multiply)(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const quantized_rows& x,
                   float* out, std::int64_t stride);

  /// The same for many rows.
  void (*multiply_many)(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const quantized_rows& x,
                        float* out, std::int64_t stride);

  /// sums[r · inputs + i] += Σ p[r · p_stride + o] · weights[o][i] over the outputs of the tiles. The order is fixed:
  /// for each chunk of transposed_tiles from `begin` on, 16 sums over every 16th output, each p · scale · quant added
  /// in one rounding; these added in halves (o and o + 8 first); plus the like sum of p · minimum; then to `sums`.
  void (*add_transposed)(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const float* p,
                         std::int64_t p_stride, std::int64_t rows, float* sums);
};

/// Calls `function` with std::type_identity of the packed block of `type`. Throws std::invalid_argument for a type that
/// is not stored in blocks.
template <class Function>
decltype(auto) with_packed_block(tensor_type type, Function&& function) {
  switch (type) {
  case tensor_type::q4_0:
    return function(std::type_identity<packed_q4_0>{});
  case tensor_type::q4_1:
    return function(std::type_identity<packed_q4_1>{});
  case tensor_type::q5_0:
    return function(std::type_identity<packed_q5_0>{});
  case tensor_type::q5_1:
    return function(std::type_identity<packed_q5_1>{});
  case tensor_type::q8_0:
    return function(std::type_identity<packed_q8_0>{});
  case tensor_type::q4_k:
    return function(std::type_identity<packed_q4_k>{});
  case tensor_type::q5_k:
    return function(std::type_identity<packed_q5_k>{});
  case tensor_type::q6_k:
    return function(std::type_identity<packed_q6_k>{});
  default:
    throw std::invalid_argument("[block_matrix] weights must be stored in blocks (Q4_0 … Q6_K) but are " +
                                std::string(to_string(type)));
  }
}

/// The functions in plain C++.
[[nodiscard]] const block_kernels& portable_block_kernels(tensor_type type);

/// The functions with AVX2; where this is not an x86-64 build, the portable ones.
[[nodiscard]] const block_kernels& avx2_block_kernels(tensor_type type);

/// The functions with AVX2 and AVX-VNNI; where this is not an x86-64 build, the portable ones.
[[nodiscard]] const block_kernels& avxvnni_block_kernels(tensor_type type);

/// The functions with AVX-512 VNNI; where this is not an x86-64 build, the portable ones.
[[nodiscard]] const block_kernels& avx512_block_kernels(tensor_type type);

/// The functions with AVX-512 VNNI and the int8 tiles of AMX; where this is not an x86-64 build, the portable ones.
[[nodiscard]] const block_kernels& amx_block_kernels(tensor_type type);

/// Those of a path.
[[nodiscard]] inline const block_kernels& block_kernels_of(tensor_type type, kernel_path path) {
  switch (path) {
  case kernel_path::amx:
    return amx_block_kernels(type);
  case kernel_path::avx512:
    return avx512_block_kernels(type);
  case kernel_path::avxvnni:
    return avxvnni_block_kernels(type);
  case kernel_path::avx2:
    return avx2_block_kernels(type);
  case kernel_path::base:
    break;
  }
  return portable_block_kernels(type);
}

/// The exact weights of one output: out [inputs].
void dequantize_output(tensor_type type, const packed_tiles& weights, std::int64_t output, float* out);

} // namespace avp
