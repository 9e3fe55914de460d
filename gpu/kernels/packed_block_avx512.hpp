// Packed blocks in AVX-512 registers: unpacking quants and scales. Internal to gpu/kernels; only on x86-64.
#pragma once

#include <cstdint>

#include "gpu/kernels/block_kernels.hpp"
#include "gpu/kernels/packed_block.hpp"
#include "gpu/kernels/x86_intrinsics.hpp"

namespace avp::avx512 {

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

// Adds one part to the sum of a row: the dot products of its halves, or of all of it as `first`.
template <class Block>
AVP_AVX512_INLINE __m512 add_dots(__m512 sum, __m512i first, __m512i second, const part_scales& scales, float x_scale,
                                  float x_scaled_sum) {
  __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(first), scales.first);
  if constexpr (Block::has_half_scales)
    product = _mm512_fmadd_ps(_mm512_cvtepi32_ps(second), scales.second, product);
  sum = _mm512_fmadd_ps(product, _mm512_set1_ps(x_scale), sum);
  if constexpr (Block::has_minimum)
    sum = _mm512_fmadd_ps(scales.minimum, _mm512_set1_ps(x_scaled_sum), sum);
  return sum;
}

// Into the first cache (Level 3, as __builtin_prefetch counts) or the second one (2).
template <int Bytes, int Level>
AVP_AVX512_INLINE void prefetch(const char* from) {
#pragma GCC unroll 8
  for (int line = 0; line < Bytes; line += 64)
    __builtin_prefetch(from + line, 0, Level);
}

// The last tile may be only partly there.
inline __mmask16 outputs_of(const packed_tiles& weights, std::int64_t tile) {
  const std::int64_t count = weights.outputs - tile * tile_outputs;
  return static_cast<__mmask16>(count >= tile_outputs ? 0xffff : (1U << count) - 1);
}

} // namespace avp::avx512
