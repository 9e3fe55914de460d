// The block kernels with AVX-512 VNNI. Compiled for plain x86-64 except for the functions marked AVP_AVX512.
#include <avp/gpu/kernels/block_kernels.hpp>

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <avp/gpu/kernels/avx512.hpp>

namespace avp {

namespace {

// Rows that share one unpacking of the weights: their sums and the weights fill the registers.
constexpr int most_rows = 16;

// How far ahead of the arithmetic memory is asked for.
constexpr int prefetch_bytes = 4096;

// The quants of one part as bytes: eight groups of 4 inputs × 16 outputs.
struct quant_groups {
  __m512i group[8];
};

AVP_AVX512_INLINE __m512i load(const void* from) { return _mm512_loadu_si512(from); }

AVP_AVX512_INLINE __m512 load_halves(const std::uint16_t* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

// (bits & mask) | quants
AVP_AVX512_INLINE __m512i add_bits(__m512i quants, __m512i bits, __m512i mask) {
  return _mm512_ternarylogic_epi32(bits, mask, quants, 0xea);
}

template <int Group>
AVP_AVX512_INLINE __m512i group_of(const quants_8& from) {
  return load(from.values[Group]);
}

template <int Group>
AVP_AVX512_INLINE __m512i group_of(const quants_4& from) {
  const __m512i pair = load(from.low[Group % 4]);
  return _mm512_and_si512(Group < 4 ? pair : _mm512_srli_epi16(pair, 4), _mm512_set1_epi8(15));
}

// Moves bit From of every byte to bit To. Bits cross into neighbouring bytes: the caller masks those away.
template <int From, int To>
AVP_AVX512_INLINE __m512i moved(__m512i bits) {
  if constexpr (From < To)
    return _mm512_slli_epi16(bits, To - From);
  else
    return _mm512_srli_epi16(bits, From - To);
}

template <int Group>
AVP_AVX512_INLINE __m512i group_of(const quants_5& from) {
  return add_bits(group_of<Group>(from.nibbles), moved<Group, 4>(load(from.high)), _mm512_set1_epi8(16));
}

template <int Group>
AVP_AVX512_INLINE __m512i group_of(const quants_6& from) {
  return add_bits(group_of<Group>(from.nibbles), moved<Group % 4 * 2, 4>(load(from.high[Group / 4])),
                  _mm512_set1_epi8(48));
}

template <class Quants>
AVP_AVX512_INLINE quant_groups unpack(const Quants& from) {
  return {{group_of<0>(from), group_of<1>(from), group_of<2>(from), group_of<3>(from), group_of<4>(from),
           group_of<5>(from), group_of<6>(from), group_of<7>(from)}};
}

// Scales of one part for 16 outputs: of each half where these differ, else first == second.
struct part_scales {
  __m512 first;
  __m512 second;
  __m512 minimum;
};

template <class Quants, int Offset>
AVP_AVX512_INLINE part_scales scales_of(const offset_block<Quants, Offset>& block, int) {
  const __m512 d = load_halves(block.d);
  return {d, d, _mm512_setzero_ps()};
}

template <class Quants>
AVP_AVX512_INLINE part_scales scales_of(const minimum_block<Quants>& block, int) {
  const __m512 d = load_halves(block.d);
  return {d, d, load_halves(block.m)};
}

AVP_AVX512_INLINE __m512 load_bytes(const std::uint8_t* from) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}

AVP_AVX512_INLINE __m512 load_bytes(const std::int8_t* from) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}

template <class Quants>
AVP_AVX512_INLINE part_scales scales_of(const super_block<Quants>& block, int part) {
  const __m512 d = _mm512_mul_ps(load_halves(block.d), load_bytes(block.scale[part]));
  const __m512 m = _mm512_mul_ps(load_halves(block.d_minimum), load_bytes(block.minimum[part]));
  return {d, d, _mm512_xor_ps(m, _mm512_set1_ps(-0.0F))};
}

AVP_AVX512_INLINE part_scales scales_of(const half_scales_block& block, int part) {
  const __m512 d = load_halves(block.d);
  return {_mm512_mul_ps(d, load_bytes(block.scale[part * 2])), _mm512_mul_ps(d, load_bytes(block.scale[part * 2 + 1])),
          _mm512_setzero_ps()};
}

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

template <int From, int To>
AVP_AVX512_INLINE __m512i add_dots(__m512i sum, const quant_groups& weights, const std::int8_t* x) {
#pragma GCC unroll 8
  for (int i = From; i < To; ++i) {
    std::int32_t four;
    std::memcpy(&four, x + i * 4, sizeof four);
    sum = _mm512_dpbusd_epi32(sum, weights.group[i], _mm512_set1_epi32(four));
  }
  return sum;
}

// What the integer sum starts from: minus offset · sum of the activations.
template <int Offset>
AVP_AVX512_INLINE __m512i start(std::int32_t minus_sum) {
  if constexpr (Offset == 0)
    return _mm512_setzero_si512();
  else
    return _mm512_slli_epi32(_mm512_set1_epi32(minus_sum), std::countr_zero(static_cast<unsigned>(Offset)));
}

template <class Block>
AVP_AVX512_INLINE __m512 add_part(__m512 sum, const quant_groups& weights, const part_scales& scales,
                                  const row_reader& x, int row) {
  const std::int8_t* values = x.values + row * part_inputs;
  const __m512 x_scale = _mm512_set1_ps(x.scales[row]);
  if constexpr (Block::has_half_scales) {
    const __m512i first = add_dots<0, 4>(start<Block::offset>(x.minus_first_sums[row]), weights, values);
    const __m512i second = add_dots<4, 8>(start<Block::offset>(x.minus_second_sums[row]), weights, values);
    const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(first), scales.first);
    return _mm512_fmadd_ps(_mm512_fmadd_ps(_mm512_cvtepi32_ps(second), scales.second, product), x_scale, sum);
  } else {
    const __m512i dot = add_dots<0, 8>(start<Block::offset>(x.minus_sums[row]), weights, values);
    sum = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(dot), scales.first), x_scale, sum);
    if constexpr (Block::has_minimum)
      sum = _mm512_fmadd_ps(scales.minimum, _mm512_set1_ps(x.scaled_sums[row]), sum);
    return sum;
  }
}

template <class Block>
constexpr int part_bytes = static_cast<int>(sizeof(Block)) / Block::parts;

template <int Bytes, _mm_hint Hint>
AVP_AVX512_INLINE void prefetch(const char* from) {
#pragma GCC unroll 8
  for (int line = 0; line < Bytes; line += 64)
    _mm_prefetch(from + line, Hint);
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
      prefetch<part_bytes<Block>, _MM_HINT_T0>(reinterpret_cast<const char*>(block) + part * part_bytes<Block> +
                                               prefetch_bytes);
      const quant_groups weights = unpack(block->quants[part]);
      const part_scales scales = scales_of(*block, part);
#pragma GCC unroll 16
      for (int row = 0; row < Rows; ++row)
        sum[row] = add_part<Block>(sum[row], weights, scales, x, row);
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

template <class Block>
const Block* tile_at(const packed_tiles& weights, std::int64_t tile) {
  return reinterpret_cast<const Block*>(weights.data) + tile * weights.blocks;
}

// The last tile may be only partly there.
__mmask16 outputs_of(const packed_tiles& weights, std::int64_t tile) {
  const std::int64_t count = weights.outputs - tile * tile_outputs;
  return static_cast<__mmask16>(count >= tile_outputs ? 0xffff : (1U << count) - 1);
}

// Rows in groups of nearly the same size: 17 are 9 and 8.
template <class Block>
void multiply(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const quantized_rows& x, float* out,
              std::int64_t stride) {
  static constexpr auto functions = tile_functions<Block>(std::make_index_sequence<most_rows>());
  const std::int64_t groups = (x.rows() + most_rows - 1) / most_rows;
  for (std::int64_t tile = begin; tile < end; ++tile)
    for (std::int64_t group = 0; group < groups; ++group) {
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

// Calls use(output, first 16 values, last 16 values) for the outputs in order.
template <class Block, class Use, int... Output>
AVP_AVX512_INLINE void for_each_output(const Block& block, int part, const Use& use,
                                       std::integer_sequence<int, Output...>) {
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
  (use(Output, values_of<Block, Output>(first, stored.first, stored),
       values_of<Block, Output>(second, stored.second, stored)),
   ...);
}

// Writes the values to [16, 32].
struct store_values {
  float* out;

  AVP_AVX512_INLINE void operator()(int output, __m512 first, __m512 second) const {
    _mm512_storeu_ps(out + output * part_inputs, first);
    _mm512_storeu_ps(out + output * part_inputs + 16, second);
  }
};

constexpr auto all_outputs = std::make_integer_sequence<int, tile_outputs>();

template <class Block>
AVP_AVX512 void dequantize(const packed_tiles& weights, std::int64_t tile, std::int64_t part, float* out) {
  const Block& block = tile_at<Block>(weights, tile)[part / Block::parts];
  for_each_output(block, static_cast<int>(part % Block::parts), store_values{out}, all_outputs);
}

// To the nearest bfloat16, ties to even: the upper half after adding just under half of the lower one.
AVP_AVX512_INLINE __m256i bfloat16_of(__m512 values) {
  const __m512i bits = _mm512_castps_si512(values);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, odd), _mm512_set1_epi32(0x7fff));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
}

// Writes the values of the outputs first … last − 1 as bfloat16, `stride` apart.
struct store_bfloat16 {
  c10::BFloat16* out;
  std::int64_t stride;
  int first_output;
  int last_output;

  AVP_AVX512_INLINE void operator()(int output, __m512 first, __m512 second) const {
    if (output < first_output || output >= last_output)
      return;
    auto* to = reinterpret_cast<__m256i*>(out + (output - first_output) * stride);
    _mm256_storeu_si256(to, bfloat16_of(first));
    _mm256_storeu_si256(to + 1, bfloat16_of(second));
  }
};

template <class Block>
AVP_AVX512 void to_bfloat16(const packed_tiles& weights, std::int64_t tile, int first, int last, c10::BFloat16* out) {
  const Block* block = tile_at<Block>(weights, tile);
  const std::int64_t inputs = weights.blocks * Block::parts * part_inputs;
  for (const Block* end = block + weights.blocks; block != end; ++block)
    for (int part = 0; part < Block::parts; ++part, out += part_inputs)
      for_each_output(*block, part, store_bfloat16{out, inputs, first, last}, all_outputs);
}

// The sums over outputs: the 16 outputs of a tile stay apart, as the lanes of a register for each row and input,
// through a chunk of tiles. Then the lanes are added. A chunk is read part by part, again for every few rows, out of
// the cache; meanwhile the next one is fetched.

// Rows that share one unpacking: 4 registers for each, 4 for the quants, some for constants.
constexpr int most_transposed_rows = 6;

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
    prefetch<ahead_bytes, _MM_HINT_T1>(ahead);
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

template <class Block>
constexpr block_kernels kernels_for{multiply<Block>, dequantize<Block>, to_bfloat16<Block>, add_transposed<Block>};

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
