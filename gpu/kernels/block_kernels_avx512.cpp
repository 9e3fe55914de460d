// The block kernels with AVX-512 VNNI. Compiled for plain x86-64 except for the functions marked AVP_AVX512.
#include "gpu/kernels/block_kernels.hpp"

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "gpu/kernels/block_transposed_avx512.hpp"
#include "gpu/kernels/row_reader.hpp"

namespace avp {

namespace {

using namespace avx512;

// Rows that share one unpacking of the weights: their sums and the weights fill the registers.
constexpr int most_rows = 16;

// Rows whose dot products are computed in turns: every addition to one of them takes some cycles.
constexpr int rows_in_turns = 4;

// Groups of rows that go through all tiles before the next ones do, so that their activations stay in the second cache.
constexpr std::int64_t groups_together = 4;

// How far ahead of the arithmetic memory is asked for.
constexpr int prefetch_bytes = 4096;

// What the integer sum starts from: minus offset · sum of the activations.
template <int Offset>
AVP_AVX512_INLINE __m512i start(std::int32_t minus_sum) {
  if constexpr (Offset == 0)
    return _mm512_setzero_si512();
  else
    return _mm512_slli_epi32(_mm512_set1_epi32(minus_sum), std::countr_zero(static_cast<unsigned>(Offset)));
}

// The dot products of inputs 4 · From to 4 · To, less the offset.
template <class Block, int From, int To, int Rows>
AVP_AVX512_INLINE void dots_of(__m512i (&dots)[Rows], const quant_groups& weights, const std::int8_t* x,
                               const std::int32_t* minus_sums) {
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row)
    dots[row] = start<Block::offset>(minus_sums[row]);
#pragma GCC unroll 8
  for (int i = From; i < To; ++i)
#pragma GCC unroll 4
    for (int row = 0; row < Rows; ++row) {
      std::int32_t four;
      std::memcpy(&four, x + row * part_inputs + i * 4, sizeof four);
      dots[row] = _mm512_dpbusd_epi32(dots[row], weights.group[i], _mm512_set1_epi32(four));
    }
}

// Adds one part to the sums of some rows, the first one's first.
template <class Block, int Rows>
AVP_AVX512_INLINE void add_part(__m512* sums, const quant_groups& weights, const part_scales& scales,
                                const row_reader& x, int first_row) {
  const std::int8_t* values = x.values + first_row * part_inputs;
  __m512i first[Rows];
  __m512i second[Rows];
  if constexpr (Block::has_half_scales) {
    dots_of<Block, 0, 4>(first, weights, values, x.minus_first_sums + first_row);
    dots_of<Block, 4, 8>(second, weights, values, x.minus_second_sums + first_row);
  } else {
    dots_of<Block, 0, 8>(first, weights, values, x.minus_sums + first_row);
  }
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row)
    sums[row] = add_dots<Block>(sums[row], first[row], second[row], scales, x.scales[first_row + row],
                                x.scaled_sums[first_row + row]);
}

// One tile and up to 16 rows: out[row · stride + lane].
template <class Block, int Rows>
AVP_AVX512 void multiply_tile(const Block* block, std::int64_t blocks, row_reader x, float* out, std::int64_t stride,
                              __mmask16 outputs) {
  __m512 sum[Rows];
#pragma GCC unroll 16
  for (int row = 0; row < Rows; ++row)
    sum[row] = _mm512_setzero_ps();
  for (const Block* end = block + blocks; block != end; ++block)
    for (int part = 0; part < Block::parts; ++part, x.next()) {
      prefetch<part_bytes<Block>, 3>(reinterpret_cast<const char*>(block) + part * part_bytes<Block> + prefetch_bytes);
      const quant_groups weights = unpack(block->quants[part]);
      const part_scales scales = scales_of(*block, part);
      constexpr int rest = Rows % rows_in_turns;
#pragma GCC unroll 4
      for (int row = 0; row < Rows - rest; row += rows_in_turns)
        add_part<Block, rows_in_turns>(sum + row, weights, scales, x, row);
      if constexpr (rest > 0)
        add_part<Block, rest>(sum + Rows - rest, weights, scales, x, Rows - rest);
    }
#pragma GCC unroll 16
  for (int row = 0; row < Rows; ++row)
    _mm512_mask_storeu_ps(out + row * stride, outputs, sum[row]);
}

template <class Block>
using tile_function = void (*)(const Block*, std::int64_t, row_reader, float*, std::int64_t, __mmask16);

template <class Block, std::size_t... Rows>
constexpr std::array<tile_function<Block>, most_rows> tile_functions(std::index_sequence<Rows...>) {
  return {multiply_tile<Block, static_cast<int>(Rows) + 1>...};
}

// Rows in groups of nearly the same size: 17 are 9 and 8.
template <class Block>
void multiply(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const quantized_rows& x, float* out,
              std::int64_t stride) {
  static constexpr auto functions = tile_functions<Block>(std::make_index_sequence<most_rows>());
  const std::int64_t groups = (x.rows() + most_rows - 1) / most_rows;
  for (std::int64_t first_group = 0; first_group < groups; first_group += groups_together)
    for (std::int64_t tile = begin; tile < end; ++tile)
      for (std::int64_t group = first_group; group < std::min(groups, first_group + groups_together); ++group) {
        const std::int64_t first = x.rows() * group / groups;
        const std::int64_t count = x.rows() * (group + 1) / groups - first;
        functions[static_cast<std::size_t>(count - 1)](tile_at<Block>(weights, tile), weights.blocks,
                                                       row_reader(x, first), out + first * stride + tile * tile_outputs,
                                                       stride, outputs_of(weights, tile));
      }
}

template <class Block>
constexpr block_kernels kernels_for{multiply<Block>, multiply<Block>, add_transposed<Block>};

} // namespace

const block_kernels& avx512_block_kernels(tensor_type type) {
  return with_packed_block(
      type, []<class Block>(std::type_identity<Block>) -> const block_kernels& { return kernels_for<Block>; });
}

} // namespace avp

#else

namespace avp {

const block_kernels& avx512_block_kernels(tensor_type type) { return portable_block_kernels(type); }

} // namespace avp

#endif
