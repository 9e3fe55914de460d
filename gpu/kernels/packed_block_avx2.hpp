// Packed blocks in AVX2 registers: unpacking quants and scales. Internal to gpu/kernels; only on x86-64.
//
// A group of quants (64 bytes, 4 inputs × 16 outputs) is two registers: half 0 has outputs 0–7, half 1 outputs 8–15.
#pragma once

#include <algorithm>
#include <cstdint>

#include "gpu/kernels/block_kernels.hpp"
#include "gpu/kernels/packed_block.hpp"
#include "gpu/kernels/x86_intrinsics.hpp"

namespace avp::avx2 {

AVP_AVX2_INLINE __m256i load(const std::uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

template <int Group, int Half>
AVP_AVX2_INLINE __m256i quants_of(const quants_8& from) {
  return load(from.values[Group] + Half * 32);
}

template <int Group, int Half>
AVP_AVX2_INLINE __m256i quants_of(const quants_4& from) {
  const __m256i pair = load(from.low[Group % 4] + Half * 32);
  return _mm256_and_si256(Group < 4 ? pair : _mm256_srli_epi16(pair, 4), _mm256_set1_epi8(15));
}

// Bit From of every byte at bit To, and those above it that the mask has. Bits cross into neighbouring bytes: the mask
// takes them away.
template <int From, int To>
AVP_AVX2_INLINE __m256i moved(__m256i bits, int mask) {
  const __m256i there =
      From < To ? _mm256_slli_epi16(bits, std::max(To - From, 0)) : _mm256_srli_epi16(bits, std::max(From - To, 0));
  return _mm256_and_si256(there, _mm256_set1_epi8(static_cast<char>(mask)));
}

template <int Group, int Half>
AVP_AVX2_INLINE __m256i quants_of(const quants_5& from) {
  return _mm256_or_si256(quants_of<Group, Half>(from.nibbles), moved<Group, 4>(load(from.high + Half * 32), 16));
}

template <int Group, int Half>
AVP_AVX2_INLINE __m256i quants_of(const quants_6& from) {
  return _mm256_or_si256(quants_of<Group, Half>(from.nibbles),
                         moved<Group % 4 * 2, 4>(load(from.high[Group / 4] + Half * 32), 48));
}

template <int Group = 0, class Quants>
AVP_AVX2_INLINE void unpack(const Quants& from, quants_8& to) {
  if constexpr (Group < 8) {
    auto* const out = reinterpret_cast<__m256i*>(to.values[Group]);
    _mm256_storeu_si256(out, quants_of<Group, 0>(from));
    _mm256_storeu_si256(out + 1, quants_of<Group, 1>(from));
    unpack<Group + 1>(from, to);
  }
}

// Of 16 outputs.
struct floats {
  __m256 half[2];
};

AVP_AVX2_INLINE floats zeros() { return {{_mm256_setzero_ps(), _mm256_setzero_ps()}}; }

AVP_AVX2_INLINE floats product(const floats& a, const floats& b) {
  return {{_mm256_mul_ps(a.half[0], b.half[0]), _mm256_mul_ps(a.half[1], b.half[1])}};
}

AVP_AVX2_INLINE floats load_halves(const std::uint16_t* from) {
  const auto* at = reinterpret_cast<const __m128i*>(from);
  return {{_mm256_cvtph_ps(_mm_loadu_si128(at)), _mm256_cvtph_ps(_mm_loadu_si128(at + 1))}};
}

AVP_AVX2_INLINE floats load_bytes(const std::uint8_t* from) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return {{_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)),
           _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)))}};
}

AVP_AVX2_INLINE floats load_bytes(const std::int8_t* from) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return {{_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
           _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)))}};
}

// Scales of one part for 16 outputs: of the first and the last 16 inputs where these differ, else first == second.
struct part_scales {
  floats first;
  floats second;
  floats minimum;
};

template <class Quants, int Offset>
AVP_AVX2_INLINE part_scales scales_of(const offset_block<Quants, Offset>& block, int) {
  const floats d = load_halves(block.d);
  return {d, d, zeros()};
}

template <class Quants>
AVP_AVX2_INLINE part_scales scales_of(const minimum_block<Quants>& block, int) {
  const floats d = load_halves(block.d);
  return {d, d, load_halves(block.m)};
}

template <class Quants>
AVP_AVX2_INLINE part_scales scales_of(const super_block<Quants>& block, int part) {
  const floats d = product(load_halves(block.d), load_bytes(block.scale[part]));
  const floats m = product(load_halves(block.d_minimum), load_bytes(block.minimum[part]));
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {d, d, {{_mm256_xor_ps(m.half[0], sign), _mm256_xor_ps(m.half[1], sign)}}};
}

AVP_AVX2_INLINE part_scales scales_of(const half_scales_block& block, int part) {
  const floats d = load_halves(block.d);
  return {product(d, load_bytes(block.scale[part * 2])), product(d, load_bytes(block.scale[part * 2 + 1])), zeros()};
}

// The last tile may be only partly there: all bits of a lane say that its output is.
struct output_mask {
  __m256i half[2];
};

AVP_AVX2_INLINE output_mask outputs_of(const packed_tiles& weights, std::int64_t tile) {
  const __m256i count =
      _mm256_set1_epi32(static_cast<int>(std::min<std::int64_t>(weights.outputs - tile * tile_outputs, tile_outputs)));
  return {{_mm256_cmpgt_epi32(count, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
           _mm256_cmpgt_epi32(count, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))}};
}

} // namespace avp::avx2
