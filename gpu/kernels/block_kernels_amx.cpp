// The block kernels with the int8 tiles of AMX, for many rows; all else is done with AVX-512 VNNI.
//
// A part of a tile of weights is a tile register as it lies in memory (packed_block.hpp), and one instruction
// multiplies it with 16 rows of activations. As every part has scales of its own, a register is half full, and its sums
// go through memory to the floating point unit: that takes most of the time.
#include "gpu/kernels/block_kernels.hpp"

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <utility>

#include "gpu/kernels/amx_tiles.hpp"
#include "gpu/kernels/packed_block_avx512.hpp"
#include "gpu/kernels/row_reader.hpp"

namespace avp {

namespace {

using namespace avx512;

// Rows of activations in a tile register.
constexpr int tile_rows = 16;

// Parts that are unpacked at a time: their quants fill a third of the first cache.
constexpr std::int64_t parts_together = 32;

// How many parts ahead of the arithmetic the activations are asked for: they lie far apart.
constexpr std::int64_t parts_ahead = 3;

// Weights with a scale for every 16 inputs fill a quarter of a register, and take two.
template <class Block>
constexpr int halves = Block::has_half_scales ? 2 : 1;

// Inputs under one scale.
template <class Block>
constexpr int scaled_inputs = part_inputs / halves<Block>;

// What the registers are for. The numbers of the second half come behind these.
constexpr int sums_tile = 0;
constexpr int rows_tile = 2;
constexpr int weights_tile = 4;

template <class Block>
constexpr amx::tile_configuration configuration() {
  amx::tile_configuration tiles;
  for (int half = 0; half < halves<Block>; ++half) {
    tiles.rows[sums_tile + half] = tile_rows;
    tiles.row_bytes[sums_tile + half] = tile_outputs * sizeof(std::int32_t);
    tiles.rows[rows_tile + half] = tile_rows;
    tiles.row_bytes[rows_tile + half] = scaled_inputs<Block>;
    tiles.rows[weights_tile + half] = scaled_inputs<Block> / 4;
    tiles.row_bytes[weights_tile + half] = tile_outputs * 4;
  }
  return tiles;
}

// Parts of a tile of weights: quants with their sign, and scales in float32.
struct unpacked_parts {
  alignas(64) std::int8_t quants[parts_together][8][64];
  alignas(64) float first[parts_together][tile_outputs];
  alignas(64) float second[parts_together][tile_outputs];
  alignas(64) float minimum[parts_together][tile_outputs];
};

// Dot products of 16 rows and 16 outputs.
template <class Block>
struct alignas(64) tile_dots {
  std::int32_t values[halves<Block>][tile_rows][tile_outputs];
};

template <class Block>
AVP_AVX512_INLINE void unpack_part(const Block& block, int part, std::int64_t to, unpacked_parts& parts) {
  const quant_groups quants = unpack(block.quants[part]);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i)
    _mm512_store_si512(parts.quants[to][i],
                       _mm512_sub_epi8(quants.group[i], _mm512_set1_epi8(static_cast<char>(Block::offset))));
  const part_scales scales = scales_of(block, part);
  _mm512_store_ps(parts.first[to], scales.first);
  if constexpr (Block::has_half_scales)
    _mm512_store_ps(parts.second[to], scales.second);
  if constexpr (Block::has_minimum)
    _mm512_store_ps(parts.minimum[to], scales.minimum);
}

// The parts [begin, end) of a tile.
template <class Block>
AVP_AVX512 void unpack_parts(const Block* blocks, std::int64_t begin, std::int64_t end, unpacked_parts& parts) {
  for (std::int64_t part = begin; part < end; ++part) {
    const Block& block = blocks[part / Block::parts];
    const int in_block = static_cast<int>(part % Block::parts);
    prefetch<part_bytes<Block>, 2>(reinterpret_cast<const char*>(&block) +
                                   (in_block + parts_together) * part_bytes<Block>);
    unpack_part(block, in_block, part - begin, parts);
  }
}

template <class Block>
AVP_AVX512_INLINE void multiply_part(const std::int8_t* rows, const std::int8_t (&quants)[8][64],
                                     tile_dots<Block>& dots) {
  amx::load_tile<rows_tile>(rows, part_inputs);
  amx::load_tile<weights_tile>(quants, tile_outputs * 4);
  amx::multiply_tiles<sums_tile, rows_tile, weights_tile>();
  if constexpr (Block::has_half_scales) {
    amx::load_tile<rows_tile + 1>(rows + scaled_inputs<Block>, part_inputs);
    amx::load_tile<weights_tile + 1>(quants + 4, tile_outputs * 4);
    amx::multiply_tiles<sums_tile + 1, rows_tile + 1, weights_tile + 1>();
    amx::store_tile<sums_tile + 1>(dots.values[1]);
  }
  amx::store_tile<sums_tile>(dots.values[0]);
}

// Which parts of which rows are to be added to what.
struct added_parts {
  const quantized_rows& x;
  std::int64_t first_row;
  std::int64_t first_part;
  std::int64_t parts;
  float* out;
  std::int64_t stride;
  __mmask16 outputs;
};

// Adds the parts to the sums of up to 16 rows: out[row · stride + lane]. Tiles work one part ahead.
template <class Block, int Rows>
AVP_AVX512 void add_parts(const unpacked_parts& weights, const added_parts& what) {
  row_reader x(what.x, what.first_row);
  x.skip(what.first_part);
  const std::int64_t parts = what.parts;
  float* const out = what.out;
  const std::int64_t stride = what.stride;
  const __mmask16 outputs = what.outputs;
  const bool first = what.first_part == 0;
  __m512 sums[Rows];
#pragma GCC unroll 16
  for (int row = 0; row < Rows; ++row)
    __builtin_prefetch(out + row * stride, 1, 3);
#pragma GCC unroll 16
  for (int row = 0; row < Rows; ++row)
    sums[row] = first ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(outputs, out + row * stride);
  tile_dots<Block> dots[2];
  multiply_part<Block>(x.values, weights.quants[0], dots[0]);
  for (std::int64_t part = 0; part < parts; ++part, x.next()) {
    prefetch<tile_rows * part_inputs, 3>(reinterpret_cast<const char*>(x.values + parts_ahead * x.rows * part_inputs));
    if (part + 1 < parts)
      multiply_part<Block>(x.values + x.rows * part_inputs, weights.quants[part + 1], dots[(part + 1) % 2]);
    const part_scales scales{_mm512_load_ps(weights.first[part]), _mm512_load_ps(weights.second[part]),
                             _mm512_load_ps(weights.minimum[part])};
    const auto& values = dots[part % 2].values;
#pragma GCC unroll 16
    for (int row = 0; row < Rows; ++row) {
      const __m512i second = _mm512_load_si512(values[halves<Block> - 1][row]);
      sums[row] = add_dots<Block>(sums[row], _mm512_load_si512(values[0][row]), second, scales, x.scales[row],
                                  x.scaled_sums[row]);
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < Rows; ++row)
    _mm512_mask_storeu_ps(out + row * stride, outputs, sums[row]);
}

using add_function = void (*)(const unpacked_parts&, const added_parts&);

template <class Block, std::size_t... Rows>
constexpr std::array<add_function, tile_rows> add_functions(std::index_sequence<Rows...>) {
  return {add_parts<Block, static_cast<int>(Rows) + 1>...};
}

template <class Block>
void multiply_tile(const packed_tiles& weights, std::int64_t tile, const quantized_rows& x, float* out,
                   std::int64_t stride, unpacked_parts& unpacked) {
  static constexpr auto functions = add_functions<Block>(std::make_index_sequence<tile_rows>());
  const std::int64_t parts = weights.blocks * Block::parts;
  for (std::int64_t part = 0; part < parts; part += parts_together) {
    const std::int64_t count = std::min(parts_together, parts - part);
    unpack_parts(tile_at<Block>(weights, tile), part, part + count, unpacked);
    for (std::int64_t row = 0; row < x.rows(); row += tile_rows) {
      functions[static_cast<std::size_t>(std::min<std::int64_t>(tile_rows, x.rows() - row) - 1)](
          unpacked, {x, row, part, count, out + row * stride + tile * tile_outputs, stride, outputs_of(weights, tile)});
    }
  }
}

template <class Block>
void multiply(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const quantized_rows& x, float* out,
              std::int64_t stride) {
  static constexpr amx::tile_configuration tiles = configuration<Block>();
  const amx::configured_tiles configured(tiles);
  unpacked_parts unpacked;
  for (std::int64_t tile = begin; tile < end; ++tile)
    multiply_tile<Block>(weights, tile, x, out, stride, unpacked);
}

} // namespace

const block_kernels& amx_block_kernels(tensor_type type) {
  return with_packed_block(type, [type]<class Block>(std::type_identity<Block>) -> const block_kernels& {
    const block_kernels& few = avx512_block_kernels(type);
    static const block_kernels kernels{few.multiply, multiply<Block>, few.add_transposed};
    return kernels;
  });
}

} // namespace avp

#else

namespace avp {

const block_kernels& amx_block_kernels(tensor_type type) { return portable_block_kernels(type); }

} // namespace avp

#endif
