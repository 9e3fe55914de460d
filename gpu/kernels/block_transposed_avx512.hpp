// Sums over the outputs of packed blocks with AVX-512. Internal to gpu/kernels; only on x86-64.
//
// The 16 outputs of a tile stay apart, as the lanes of a register for each row and input,
// through a chunk of tiles. Then the lanes are added. A chunk is read part by part, again for every few rows, out of
// the cache; meanwhile the next one is fetched.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "gpu/kernels/packed_block_avx512.hpp"

namespace avp::avx512 {

// Rows that share one unpacking: 4 registers for each, 4 for the quants, some for constants.
inline constexpr int most_transposed_rows = 6;

// p times scale, for each half, row and tile of a chunk.
struct scaled_p {
  alignas(64) float values[2][most_transposed_rows][transposed_tiles][tile_outputs];
  float minimum_sums[most_transposed_rows];
};

// Where a chunk is: its first packed block of the part in question, and its rows of p.
template <class Block>
struct chunk_part {
  const Block* first;
  std::int64_t blocks; // From tile to tile.
  int tiles;
  int part;
  const char* ahead; // What of the next chunk is to be fetched meanwhile: as many bytes.
  const float* p;
  std::int64_t p_stride;
  __mmask16 last_outputs; // Of the last tile.

  [[nodiscard]] const Block& block(int tile) const { return first[tile * blocks]; }
  [[nodiscard]] __mmask16 outputs(int tile) const { return tile + 1 == tiles ? last_outputs : __mmask16{0xffff}; }
};

template <class Block, int Rows>
AVP_AVX512_INLINE void scale_p(const chunk_part<Block>& chunk, scaled_p& to) {
  __m512 minimum[Rows];
#pragma GCC unroll 8
  for (int row = 0; row < Rows; ++row)
    minimum[row] = _mm512_setzero_ps();
  for (int tile = 0; tile < chunk.tiles; ++tile) {
    const part_scales scales = scales_of(chunk.block(tile), chunk.part);
#pragma GCC unroll 8
    for (int row = 0; row < Rows; ++row) {
      const float* from = chunk.p + row * chunk.p_stride + tile * tile_outputs;
      const __m512 p = _mm512_maskz_loadu_ps(chunk.outputs(tile), from);
      _mm512_store_ps(to.values[0][row][tile], _mm512_mul_ps(p, scales.first));
      if constexpr (Block::has_half_scales)
        _mm512_store_ps(to.values[1][row][tile], _mm512_mul_ps(p, scales.second));
      if constexpr (Block::has_minimum)
        minimum[row] = _mm512_fmadd_ps(p, scales.minimum, minimum[row]);
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < Rows; ++row)
    to.minimum_sums[row] = Block::has_minimum ? _mm512_reduce_add_ps(minimum[row]) : 0.0F;
}

// The quants of input I of four, times 2²⁴: moving a byte to the top of its integer keeps its sign.
template <int I>
AVP_AVX512_INLINE __m512 lifted(__m512i group) {
  if constexpr (I == 0)
    return _mm512_cvtepi32_ps(_mm512_slli_epi32(group, 24));
  else if constexpr (I == 3)
    return _mm512_cvtepi32_ps(_mm512_and_si512(group, _mm512_set1_epi32(static_cast<int>(0xff000000U))));
  else // A control byte of 128 makes a zero; the other is the number of the byte in its 128 bits.
    return _mm512_cvtepi32_ps(_mm512_shuffle_epi8(group, _mm512_set4_epi32(static_cast<int>(0x0c808080U + (I << 24)),
                                                                           static_cast<int>(0x08808080U + (I << 24)),
                                                                           static_cast<int>(0x04808080U + (I << 24)),
                                                                           static_cast<int>(0x00808080U + (I << 24)))));
}

// Adds lane 8 to lane 0, 9 to 1, …, then 4 to 0, 2 to 0, 1 to 0; the sums of the four registers side by side.
AVP_AVX512_INLINE __m128 sums_of_lanes(const __m512* lanes) {
  const __m512 eights01 =
      _mm512_add_ps(_mm512_shuffle_f32x4(lanes[0], lanes[1], 0x44), _mm512_shuffle_f32x4(lanes[0], lanes[1], 0xee));
  const __m512 eights23 =
      _mm512_add_ps(_mm512_shuffle_f32x4(lanes[2], lanes[3], 0x44), _mm512_shuffle_f32x4(lanes[2], lanes[3], 0xee));
  __m512 sum =
      _mm512_add_ps(_mm512_shuffle_f32x4(eights01, eights23, 0x88), _mm512_shuffle_f32x4(eights01, eights23, 0xdd));
  sum = _mm512_add_ps(sum, _mm512_permute_ps(sum, 0x4e));
  sum = _mm512_add_ps(sum, _mm512_permute_ps(sum, 0xb1));
  return _mm512_castps512_ps128(
      _mm512_permutexvar_ps(_mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 8, 4, 0), sum));
}

template <class Block, int Rows, int Group, int Lanes>
AVP_AVX512_INLINE void add_group(__m512i group, const float* p, __m512 (&lanes)[Rows][Lanes], int first_lane) {
  group = _mm512_sub_epi8(group, _mm512_set1_epi8(static_cast<char>(Block::offset)));
  const __m512 quants[4] = {lifted<0>(group), lifted<1>(group), lifted<2>(group), lifted<3>(group)};
#pragma GCC unroll 8
  for (int row = 0; row < Rows; ++row) {
    const __m512 factor = _mm512_load_ps(p + row * transposed_tiles * tile_outputs);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
      lanes[row][first_lane + i] = _mm512_fmadd_ps(factor, quants[i], lanes[row][first_lane + i]);
  }
}

template <class Block, int Rows, int First, class Quants, int Lanes, int... Group>
AVP_AVX512_INLINE void add_tile(const Quants& quants, const float* p, __m512 (&lanes)[Rows][Lanes],
                                std::integer_sequence<int, Group...>) {
  (add_group<Block, Rows, First + Group>(group_of<First + Group>(quants), p, lanes, Group * 4), ...);
}

// Adds a chunk to the sums of the inputs of Groups groups.
template <class Block, int Rows, int First, int Groups>
AVP_AVX512_INLINE void add_groups(const chunk_part<Block>& chunk, const scaled_p& p, float* sums, std::int64_t inputs) {
  __m512 lanes[Rows][Groups * 4];
#pragma GCC unroll 8
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 16
    for (int i = 0; i < Groups * 4; ++i)
      lanes[row][i] = _mm512_setzero_ps();
  constexpr int half = Block::has_half_scales ? First / 4 : 0;
  constexpr int ahead_bytes = part_bytes<Block> * Groups / 8;
  const char* ahead = chunk.ahead + chunk.tiles * ahead_bytes * (First / Groups);
  for (int tile = 0; tile < chunk.tiles; ++tile, ahead += ahead_bytes) {
    prefetch<ahead_bytes, 2>(ahead);
    add_tile<Block, Rows, First>(chunk.block(tile).quants[chunk.part], p.values[half][0][tile], lanes,
                                 std::make_integer_sequence<int, Groups>());
  }
#pragma GCC unroll 8
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 4
    for (int group = 0; group < Groups; ++group) {
      float* to = sums + row * inputs + (First + group) * 4;
      const __m128 sum = _mm_mul_ps(sums_of_lanes(lanes[row] + group * 4), _mm_set1_ps(0x1p-24F));
      _mm_storeu_ps(to, _mm_add_ps(_mm_loadu_ps(to), _mm_add_ps(sum, _mm_set1_ps(p.minimum_sums[row]))));
    }
}

template <class Block, int Rows, int Groups, int... Pass>
AVP_AVX512_INLINE void add_part_of_chunk(const chunk_part<Block>& chunk, float* sums, std::int64_t inputs,
                                         std::integer_sequence<int, Pass...>) {
  scaled_p p;
  scale_p<Block, Rows>(chunk, p);
  (add_groups<Block, Rows, Pass * Groups, Groups>(chunk, p, sums, inputs), ...);
}

// As many groups at a time as the registers hold.
template <class Block, int Rows>
AVP_AVX512 void add_chunk(const chunk_part<Block>& chunk, float* sums, std::int64_t inputs) {
  constexpr int groups = Rows == 1 ? 4 : Rows <= 3 ? 2 : 1;
  add_part_of_chunk<Block, Rows, groups>(chunk, sums, inputs, std::make_integer_sequence<int, 8 / groups>());
}

template <class Block, std::size_t... Rows>
constexpr auto chunk_functions(std::index_sequence<Rows...>) {
  return std::array{add_chunk<Block, static_cast<int>(Rows) + 1>...};
}

template <class Block>
void add_transposed(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const float* p,
                    std::int64_t p_stride, std::int64_t rows, float* sums) {
  static constexpr auto functions = chunk_functions<Block>(std::make_index_sequence<most_transposed_rows>());
  const std::int64_t parts = weights.blocks * Block::parts;
  const std::int64_t groups = (rows + most_transposed_rows - 1) / most_transposed_rows;
  for (std::int64_t tile = begin; tile < end; tile += transposed_tiles) {
    const int tiles = static_cast<int>(std::min<std::int64_t>(transposed_tiles, end - tile));
    const Block* chunk = tile_at<Block>(weights, tile);
    for (std::int64_t part = 0; part < parts; ++part) {
      const char* ahead =
          reinterpret_cast<const char*>(chunk + tiles * weights.blocks) + part * tiles * part_bytes<Block>;
      for (std::int64_t group = 0; group < groups; ++group) {
        const std::int64_t first = rows * group / groups;
        const std::int64_t count = rows * (group + 1) / groups - first;
        functions[static_cast<std::size_t>(count - 1)](
            {chunk + part / Block::parts, weights.blocks, tiles, static_cast<int>(part % Block::parts), ahead,
             p + first * p_stride + tile * tile_outputs, p_stride, outputs_of(weights, tile + tiles - 1)},
            sums + first * parts * part_inputs + part * part_inputs, parts * part_inputs);
      }
    }
  }
}

} // namespace avp::avx512
