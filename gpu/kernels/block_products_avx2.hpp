// Products of rows and packed blocks with AVX2. Internal to gpu/kernels; only on x86-64.
#pragma once

#include <algorithm>
#include <cstdint>

#include "gpu/kernels/block_dots_avx2.hpp"
#include "gpu/kernels/row_reader.hpp"

namespace avp::avx2 {

// Rows whose dot products are computed in turns: their sums of 16 bits and the quants fill the registers.
inline constexpr int rows_in_turns = 4;

// Rows that share one unpacking of the weights; their sums lie in the first cache.
inline constexpr std::int64_t most_rows = 16;

// Groups of rows that go through all tiles before the next ones do, so that their activations stay in the second cache.
inline constexpr std::int64_t groups_together = 4;

// How far ahead of the arithmetic memory is asked for.
inline constexpr int prefetch_bytes = 4096;

// Adds one part to the sums of some rows, the first one's first.
template <class Dots, class Block, int Rows, class Quants>
AVP_AVX2_INLINE void add_part(floats* sums, const Quants& weights, const part_scales& scales, const row_reader& x,
                              int first_row) {
  const std::int8_t* values = x.values + first_row * part_inputs;
  row_dots<Rows> dots, second;
  if constexpr (Block::has_half_scales) {
    Dots::template dots_of<Block, 0, 4>(dots, weights, values, x.minus_first_sums + first_row);
    Dots::template dots_of<Block, 4, 8>(second, weights, values, x.minus_second_sums + first_row);
  } else {
    Dots::template dots_of<Block, 0, 8>(dots, weights, values, x.minus_sums + first_row);
  }
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(dots.of[row][half]), scales.first.half[half]);
      if constexpr (Block::has_half_scales)
        product = _mm256_fmadd_ps(_mm256_cvtepi32_ps(second.of[row][half]), scales.second.half[half], product);
      __m256& sum = sums[row].half[half];
      sum = _mm256_fmadd_ps(product, _mm256_set1_ps(x.scales[first_row + row]), sum);
      if constexpr (Block::has_minimum)
        sum = _mm256_fmadd_ps(scales.minimum.half[half], _mm256_set1_ps(x.scaled_sums[first_row + row]), sum);
    }
}

AVP_AVX2_INLINE void save(float* out, const output_mask& outputs, const floats& sum) {
  _mm256_maskstore_ps(out, outputs.half[0], sum.half[0]);
  _mm256_maskstore_ps(out + 8, outputs.half[1], sum.half[1]);
}

template <class Block>
AVP_AVX2_INLINE void prefetch(const Block* block, int part) {
  const char* const from = reinterpret_cast<const char*>(block) + part * part_bytes<Block> + prefetch_bytes;
#pragma GCC unroll 10
  for (int line = 0; line < part_bytes<Block>; line += 64)
    __builtin_prefetch(from + line, 0, 3);
}

// One tile and a few rows, whose sums stay in registers: out[row · stride + lane].
template <class Dots, class Block, int Rows>
AVP_AVX2 void multiply_few(const Block* block, std::int64_t blocks, row_reader x, float* out, std::int64_t stride,
                           const output_mask& outputs) {
  floats sums[Rows];
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row)
    sums[row] = zeros();
  for (const Block* end = block + blocks; block != end; ++block)
    for (int part = 0; part < Block::parts; ++part, x.next()) {
      prefetch(block, part);
      add_part<Dots, Block, Rows>(sums, block->quants[part], scales_of(*block, part), x, 0);
    }
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row)
    save(out + row * stride, outputs, sums[row]);
}

// One tile and up to most_rows rows.
template <class Dots, class Block>
AVP_AVX2 void multiply_many(const Block* block, std::int64_t blocks, row_reader x, int rows, float* out,
                            std::int64_t stride, const output_mask& outputs) {
  floats sums[most_rows];
  for (int row = 0; row < rows; ++row)
    sums[row] = zeros();
  quants_8 quants;
  for (const Block* end = block + blocks; block != end; ++block)
    for (int part = 0; part < Block::parts; ++part, x.next()) {
      prefetch(block, part);
      unpack(block->quants[part], quants);
      const part_scales scales = scales_of(*block, part);
      int row = 0;
      for (; row + rows_in_turns <= rows; row += rows_in_turns)
        add_part<Dots, Block, rows_in_turns>(sums + row, quants, scales, x, row);
      for (; row + 2 <= rows; row += 2)
        add_part<Dots, Block, 2>(sums + row, quants, scales, x, row);
      if (row < rows)
        add_part<Dots, Block, 1>(sums + row, quants, scales, x, row);
    }
  for (int row = 0; row < rows; ++row)
    save(out + row * stride, outputs, sums[row]);
}

template <class Dots, class Block>
AVP_AVX2 void multiply_tile(const packed_tiles& weights, std::int64_t tile, const quantized_rows& x, std::int64_t first,
                            int rows, float* out, std::int64_t stride) {
  const Block* const block = tile_at<Block>(weights, tile);
  const row_reader reader(x, first);
  float* const to = out + first * stride + tile * tile_outputs;
  const output_mask outputs = outputs_of(weights, tile);
  switch (rows) {
  case 1:
    return multiply_few<Dots, Block, 1>(block, weights.blocks, reader, to, stride, outputs);
  case 2:
    return multiply_few<Dots, Block, 2>(block, weights.blocks, reader, to, stride, outputs);
  case 3:
    return multiply_few<Dots, Block, 3>(block, weights.blocks, reader, to, stride, outputs);
  case 4:
    return multiply_few<Dots, Block, 4>(block, weights.blocks, reader, to, stride, outputs);
  default:
    return multiply_many<Dots, Block>(block, weights.blocks, reader, rows, to, stride, outputs);
  }
}

// Rows in groups of nearly the same size: 17 are 9 and 8.
template <class Dots, class Block>
void multiply(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const quantized_rows& x, float* out,
              std::int64_t stride) {
  const std::int64_t groups = (x.rows() + most_rows - 1) / most_rows;
  for (std::int64_t first_group = 0; first_group < groups; first_group += groups_together)
    for (std::int64_t tile = begin; tile < end; ++tile)
      for (std::int64_t group = first_group; group < std::min(groups, first_group + groups_together); ++group) {
        const std::int64_t first = x.rows() * group / groups;
        const std::int64_t count = x.rows() * (group + 1) / groups - first;
        multiply_tile<Dots, Block>(weights, tile, x, first, static_cast<int>(count), out, stride);
      }
}

} // namespace avp::avx2
