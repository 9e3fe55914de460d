// Sums over the outputs of packed blocks with AVX2. Internal to gpu/kernels; only on x86-64.
//
// The 16 outputs of a tile stay apart, as the lanes of two registers for each row and input, through a chunk of tiles.
// Then the lanes are added. Of a chunk, one group of inputs at a time is made float for some rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "gpu/kernels/packed_block_avx2.hpp"

namespace avp::avx2 {

// Rows that share the quants of a group: with these, their factors fill the first cache.
inline constexpr int most_transposed_rows = 12;

// Rows that go through a chunk together: 12 sums, 3 factors and the quant fill the registers.
inline constexpr int transposed_rows_in_turns = 3;

// What is multiplied: one group of a chunk, and p times scale of every row.
struct transposed_work {
  alignas(32) float quants[transposed_tiles][2][4][8]; // [tile, half of the outputs, input, output]
  alignas(32) float factors[most_transposed_rows][transposed_tiles][tile_outputs];
  float minimum_sums[most_transposed_rows];
};

// Where a chunk is: its first packed block of the part in question, and its rows of p.
template <class Block>
struct chunk_part {
  const Block* first;
  std::int64_t blocks; // From tile to tile.
  int tiles;
  int part;
  const float* p;
  std::int64_t p_stride;
  int rows;
  output_mask last_outputs; // Of the last tile.

  [[nodiscard]] const Block& block(int tile) const { return first[tile * blocks]; }
};

// Adds lane 4 to lane 0, 5 to 1, …, then 2 to 0, 1 to 0: the sums of the four registers side by side.
AVP_AVX2_INLINE __m128 sums_of_lanes(const __m256* of) {
  __m128 fours[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    fours[i] = _mm_add_ps(_mm256_castps256_ps128(of[i]), _mm256_extractf128_ps(of[i], 1));
  const __m128 twos01 = _mm_add_ps(_mm_movelh_ps(fours[0], fours[1]), _mm_movehl_ps(fours[1], fours[0]));
  const __m128 twos23 = _mm_add_ps(_mm_movelh_ps(fours[2], fours[3]), _mm_movehl_ps(fours[3], fours[2]));
  return _mm_add_ps(_mm_shuffle_ps(twos01, twos23, 0x88), _mm_shuffle_ps(twos01, twos23, 0xdd));
}

// p times the scales of one half of the inputs, and the sums of p times minimum.
template <class Block, int Half>
AVP_AVX2_INLINE void scale_p(const chunk_part<Block>& chunk, transposed_work& to) {
  const __m256i all = _mm256_set1_epi32(-1);
  floats minimums[most_transposed_rows];
  for (int row = 0; row < chunk.rows; ++row)
    minimums[row] = zeros();
  for (int tile = 0; tile < chunk.tiles; ++tile) {
    const part_scales scales = scales_of(chunk.block(tile), chunk.part);
    const output_mask outputs = tile + 1 == chunk.tiles ? chunk.last_outputs : output_mask{{all, all}};
    for (int row = 0; row < chunk.rows; ++row) {
      const float* const from = chunk.p + row * chunk.p_stride + tile * tile_outputs;
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const __m256 p = _mm256_maskload_ps(from + half * 8, outputs.half[half]);
        _mm256_store_ps(to.factors[row][tile] + half * 8,
                        _mm256_mul_ps(p, Half == 0 ? scales.first.half[half] : scales.second.half[half]));
        if constexpr (Block::has_minimum)
          minimums[row].half[half] = _mm256_fmadd_ps(p, scales.minimum.half[half], minimums[row].half[half]);
      }
    }
  }
  for (int row = 0; row < chunk.rows; ++row) {
    const __m256 sum[4] = {_mm256_add_ps(minimums[row].half[0], minimums[row].half[1])};
    to.minimum_sums[row] = Block::has_minimum ? _mm_cvtss_f32(sums_of_lanes(sum)) : 0.0F;
  }
}

// The quants of input I of a group, for eight outputs.
template <int I>
AVP_AVX2_INLINE __m256i input_of(__m256i quants) {
  if constexpr (I == 0)
    return _mm256_and_si256(quants, _mm256_set1_epi32(255));
  else if constexpr (I == 3)
    return _mm256_srli_epi32(quants, 24);
  else // A control byte of 128 makes a zero; the other is the number of the byte in its 128 bits.
    return _mm256_shuffle_epi8(quants,
                               _mm256_set_epi32(static_cast<int>(0x8080800cU + I), static_cast<int>(0x80808008U + I),
                                                static_cast<int>(0x80808004U + I), static_cast<int>(0x80808000U + I),
                                                static_cast<int>(0x8080800cU + I), static_cast<int>(0x80808008U + I),
                                                static_cast<int>(0x80808004U + I), static_cast<int>(0x80808000U + I)));
}

template <class Block, int I>
AVP_AVX2_INLINE void store_input(__m256i quants, float (*to)[8]) {
  __m256 values = _mm256_cvtepi32_ps(input_of<I>(quants));
  if constexpr (Block::offset > 0)
    values = _mm256_sub_ps(values, _mm256_set1_ps(Block::offset));
  _mm256_store_ps(to[I], values);
}

template <class Block>
AVP_AVX2_INLINE void store_quants(__m256i quants, float (*to)[8]) {
  store_input<Block, 0>(quants, to);
  store_input<Block, 1>(quants, to);
  store_input<Block, 2>(quants, to);
  store_input<Block, 3>(quants, to);
}

// Adds one group of a chunk to the sums of some rows.
template <int Rows>
AVP_AVX2_INLINE void add_rows(const transposed_work& work, int tiles, int first_row, float* sums, std::int64_t inputs) {
  __m256 lanes[2][Rows][4];
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
#pragma GCC unroll 3
    for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i)
        lanes[half][row][i] = _mm256_setzero_ps();
    for (int tile = 0; tile < tiles; ++tile) {
      __m256 factors[Rows];
#pragma GCC unroll 3
      for (int row = 0; row < Rows; ++row)
        factors[row] = _mm256_load_ps(work.factors[first_row + row][tile] + half * 8);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const __m256 quants = _mm256_load_ps(work.quants[tile][half][i]);
#pragma GCC unroll 3
        for (int row = 0; row < Rows; ++row)
          lanes[half][row][i] = _mm256_fmadd_ps(factors[row], quants, lanes[half][row][i]);
      }
    }
  }
#pragma GCC unroll 3
  for (int row = 0; row < Rows; ++row) {
    __m256 eights[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
      eights[i] = _mm256_add_ps(lanes[0][row][i], lanes[1][row][i]);
    float* const to = sums + (first_row + row) * inputs;
    const __m128 sum = _mm_add_ps(sums_of_lanes(eights), _mm_set1_ps(work.minimum_sums[first_row + row]));
    _mm_storeu_ps(to, _mm_add_ps(_mm_loadu_ps(to), sum));
  }
}

// Group after group, each for all rows of the chunk.
template <class Block, int Group = 0>
AVP_AVX2_INLINE void add_groups(const chunk_part<Block>& chunk, transposed_work& work, float* sums,
                                std::int64_t inputs) {
  if constexpr (Group < 8) {
    if constexpr (Group == 0 || (Group == 4 && Block::has_half_scales))
      scale_p<Block, Group / 4>(chunk, work);
    for (int tile = 0; tile < chunk.tiles; ++tile) {
      const auto& quants = chunk.block(tile).quants[chunk.part];
      store_quants<Block>(quants_of<Group, 0>(quants), work.quants[tile][0]);
      store_quants<Block>(quants_of<Group, 1>(quants), work.quants[tile][1]);
    }
    int row = 0;
    for (; row + transposed_rows_in_turns <= chunk.rows; row += transposed_rows_in_turns)
      add_rows<transposed_rows_in_turns>(work, chunk.tiles, row, sums + Group * 4, inputs);
    for (; row < chunk.rows; ++row)
      add_rows<1>(work, chunk.tiles, row, sums + Group * 4, inputs);
    add_groups<Block, Group + 1>(chunk, work, sums, inputs);
  }
}

template <class Block>
AVP_AVX2 void add_transposed(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const float* p,
                             std::int64_t p_stride, std::int64_t rows, float* sums) {
  const std::int64_t parts = weights.blocks * Block::parts;
  const std::int64_t inputs = parts * part_inputs;
  const std::int64_t groups = (rows + most_transposed_rows - 1) / most_transposed_rows;
  transposed_work work;
  for (std::int64_t tile = begin; tile < end; tile += transposed_tiles) {
    const int tiles = static_cast<int>(std::min<std::int64_t>(transposed_tiles, end - tile));
    const Block* const chunk = tile_at<Block>(weights, tile);
    const output_mask last_outputs = outputs_of(weights, tile + tiles - 1);
    for (std::int64_t part = 0; part < parts; ++part)
      for (std::int64_t group = 0; group < groups; ++group) {
        const std::int64_t first = rows * group / groups;
        const auto count = static_cast<int>(rows * (group + 1) / groups - first);
        add_groups<Block>({chunk + part / Block::parts, weights.blocks, tiles, static_cast<int>(part % Block::parts),
                           p + first * p_stride + tile * tile_outputs, p_stride, count, last_outputs},
                          work, sums + first * inputs + part * part_inputs, inputs);
      }
  }
}

} // namespace avp::avx2
