// The block kernels with AVX-512 VNNI. Compiled for plain x86-64 except for the functions marked AVP_AVX512.
#include <avp/gpu/kernels/block_kernels.hpp>

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <avp/gpu/kernels/block_transposed_avx512.hpp>

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

// Where the activations of some rows lie in quantized_rows, at the current block.
struct row_reader {
  const std::int8_t* values;
  const float* scales;
  const float* scaled_sums;
  const std::int32_t* minus_sums;
  const std::int32_t* minus_first_sums;
  const std::int32_t* minus_second_sums;
  std::int64_t rows; // Of all, the step from block to block.

  row_reader(const quantized_rows& x, std::int64_t first)
      : values(x.values() + first * part_inputs),
        scales(x.scales() + first),
        scaled_sums(x.scaled_sums() + first),
        minus_sums(x.minus_sums() + first),
        minus_first_sums(x.minus_half_sums(0) + first),
        minus_second_sums(x.minus_half_sums(1) + first),
        rows(x.rows()) {}

  void next() {
    values += rows * part_inputs;
    scales += rows;
    scaled_sums += rows;
    minus_sums += rows;
    minus_first_sums += rows;
    minus_second_sums += rows;
  }
};

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
  __m512 products[Rows];
  __m512i dots[Rows];
  if constexpr (Block::has_half_scales) {
    __m512i second[Rows];
    dots_of<Block, 0, 4>(dots, weights, values, x.minus_first_sums + first_row);
    dots_of<Block, 4, 8>(second, weights, values, x.minus_second_sums + first_row);
#pragma GCC unroll 4
    for (int row = 0; row < Rows; ++row)
      products[row] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(second[row]), scales.second,
                                      _mm512_mul_ps(_mm512_cvtepi32_ps(dots[row]), scales.first));
  } else {
    dots_of<Block, 0, 8>(dots, weights, values, x.minus_sums + first_row);
#pragma GCC unroll 4
    for (int row = 0; row < Rows; ++row)
      products[row] = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[row]), scales.first);
  }
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row) {
    sums[row] = _mm512_fmadd_ps(products[row], _mm512_set1_ps(x.scales[first_row + row]), sums[row]);
    if constexpr (Block::has_minimum)
      sums[row] = _mm512_fmadd_ps(scales.minimum, _mm512_set1_ps(x.scaled_sums[first_row + row]), sums[row]);
  }
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

// 16 inputs of every output, from their four groups: output 4 · lane + i is the 128-bit lane of rows[i].
struct output_rows {
  __m512i rows[4];
};

AVP_AVX512_INLINE output_rows transposed(const __m512i* group) {
  const __m512i low01 = _mm512_unpacklo_epi32(group[0], group[1]);
  const __m512i high01 = _mm512_unpackhi_epi32(group[0], group[1]);
  const __m512i low23 = _mm512_unpacklo_epi32(group[2], group[3]);
  const __m512i high23 = _mm512_unpackhi_epi32(group[2], group[3]);
  return {{_mm512_unpacklo_epi64(low01, low23), _mm512_unpackhi_epi64(low01, low23),
           _mm512_unpacklo_epi64(high01, high23), _mm512_unpackhi_epi64(high01, high23)}};
}

template <int Output>
AVP_AVX512_INLINE __m512 quants_of(const output_rows& from) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm512_extracti32x4_epi32(from.rows[Output % 4], Output / 4)));
}

// The scales where one output's can be read at a time.
struct stored_scales {
  float first[tile_outputs];
  float second[tile_outputs];
  float minimum[tile_outputs];
};

template <class Block, int Output>
AVP_AVX512_INLINE __m512 values_of(const output_rows& from, const float* scale, const stored_scales& scales) {
  const __m512 quants = quants_of<Output>(from);
  if constexpr (Block::has_minimum)
    return _mm512_fmadd_ps(quants, _mm512_set1_ps(scale[Output]), _mm512_set1_ps(scales.minimum[Output]));
  else
    return _mm512_mul_ps(quants, _mm512_set1_ps(scale[Output]));
}

// Writes the values of one part to [16, 32].
template <class Block, int... Output>
AVP_AVX512_INLINE void store_outputs(const Block& block, int part, float* out, std::integer_sequence<int, Output...>) {
  quant_groups quants = unpack(block.quants[part]);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i)
    quants.group[i] = _mm512_sub_epi8(quants.group[i], _mm512_set1_epi8(static_cast<char>(Block::offset)));
  const output_rows first = transposed(quants.group);
  const output_rows second = transposed(quants.group + 4);
  const part_scales scales = scales_of(block, part);
  stored_scales stored;
  _mm512_storeu_ps(stored.first, scales.first);
  _mm512_storeu_ps(stored.second, scales.second);
  _mm512_storeu_ps(stored.minimum, scales.minimum);
  ((_mm512_storeu_ps(out + Output * part_inputs, values_of<Block, Output>(first, stored.first, stored)),
    _mm512_storeu_ps(out + Output * part_inputs + 16, values_of<Block, Output>(second, stored.second, stored))),
   ...);
}

template <class Block>
AVP_AVX512 void dequantize(const packed_tiles& weights, std::int64_t tile, std::int64_t part, float* out) {
  const Block& block = tile_at<Block>(weights, tile)[part / Block::parts];
  store_outputs(block, static_cast<int>(part % Block::parts), out, std::make_integer_sequence<int, tile_outputs>());
}

template <class Block>
constexpr block_kernels kernels_for{multiply<Block>, dequantize<Block>, add_transposed<Block>};

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
