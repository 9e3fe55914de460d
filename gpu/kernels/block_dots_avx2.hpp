// Integer dot products of packed quants and activations with AVX2 and AVX-VNNI, exact. Internal to gpu/kernels; only on
// x86-64.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gpu/kernels/packed_block_avx2.hpp"

namespace avp::avx2 {

template <class Block>
inline constexpr int most_quant = std::remove_extent_t<decltype(Block::quants)>::most;

// Of some rows with 16 outputs.
template <int Rows>
struct row_dots {
  __m256i of[Rows][2];
};

// The inputs of one group, beside every output.
template <int Group>
AVP_AVX2_INLINE __m256i inputs_of(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x + Group * 4, sizeof four);
  return _mm256_set1_epi32(four);
}

// Minus offset · sum of the activations: what a sum over quants with an offset starts from.
template <int Offset, int Rows>
AVP_AVX2_INLINE void start(row_dots<Rows>& dots, const std::int32_t* minus_sums) {
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row) {
    if constexpr (Offset == 0)
      dots.of[row][0] = _mm256_setzero_si256();
    else
      dots.of[row][0] =
          _mm256_slli_epi32(_mm256_set1_epi32(minus_sums[row]), std::countr_zero(static_cast<unsigned>(Offset)));
    dots.of[row][1] = dots.of[row][0];
  }
}

// Adds pairs of 16-bit sums.
AVP_AVX2_INLINE __m256i add_pairs(__m256i sum, __m256i pairs) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

// vpmaddubsw adds two products of an unsigned and a signed byte in 16 bits, and would saturate.
struct sixteen_bit_dots {
  // How many groups of quants of at most six bits can be added up with activations of −127 … 127 before 32 bits are
  // needed.
  template <class Block>
  static constexpr int groups_together = std::min(8, 32767 / (2 * 127 * most_quant<Block>));

  // Groups From … To − 1: the dot products less the offset.
  template <class Block, int From, int To, int Rows, class Quants>
  AVP_AVX2_INLINE static void dots_of(row_dots<Rows>& dots, const Quants& weights, const std::int8_t* x,
                                      const std::int32_t* minus_sums) {
    if constexpr (most_quant < Block >> 63) {
      start<0>(dots, minus_sums);
      add_signed<From, To>(dots, weights, x);
    } else {
      start<Block::offset>(dots, minus_sums);
      add_runs<groups_together<Block>, From, To>(dots, weights, x);
    }
  }

private:
  template <int Together, int From, int To, int Rows, class Quants>
  AVP_AVX2_INLINE static void add_runs(row_dots<Rows>& dots, const Quants& weights, const std::int8_t* x) {
    if constexpr (From < To) {
      constexpr int end = std::min(From + Together, To);
      row_dots<Rows> pairs;
      start<0>(pairs, nullptr);
      add_groups<From, end>(pairs, weights, x);
#pragma GCC unroll 4
      for (int row = 0; row < Rows; ++row)
        for (int half = 0; half < 2; ++half)
          dots.of[row][half] = add_pairs(dots.of[row][half], pairs.of[row][half]);
      add_runs<Together, end, To>(dots, weights, x);
    }
  }

  template <int Group, int End, int Rows, class Quants>
  AVP_AVX2_INLINE static void add_groups(row_dots<Rows>& pairs, const Quants& weights, const std::int8_t* x) {
    if constexpr (Group < End) {
      const __m256i low = quants_of<Group, 0>(weights);
      const __m256i high = quants_of<Group, 1>(weights);
#pragma GCC unroll 4
      for (int row = 0; row < Rows; ++row) {
        const __m256i inputs = inputs_of<Group>(x + row * part_inputs);
        pairs.of[row][0] = _mm256_add_epi16(pairs.of[row][0], _mm256_maddubs_epi16(low, inputs));
        pairs.of[row][1] = _mm256_add_epi16(pairs.of[row][1], _mm256_maddubs_epi16(high, inputs));
      }
      add_groups<Group + 1, End>(pairs, weights, x);
    }
  }

  // Quants of eight bits without their offset of 128: the sign goes over to the activation, and one group fits.
  template <int Group, int End, int Rows, class Quants>
  AVP_AVX2_INLINE static void add_signed(row_dots<Rows>& dots, const Quants& weights, const std::int8_t* x) {
    if constexpr (Group < End) {
      const __m256i offset = _mm256_set1_epi8(-128);
      const __m256i low = _mm256_xor_si256(quants_of<Group, 0>(weights), offset);
      const __m256i high = _mm256_xor_si256(quants_of<Group, 1>(weights), offset);
      const __m256i low_size = _mm256_abs_epi8(low), high_size = _mm256_abs_epi8(high);
#pragma GCC unroll 4
      for (int row = 0; row < Rows; ++row) {
        const __m256i inputs = inputs_of<Group>(x + row * part_inputs);
        dots.of[row][0] = add_pairs(dots.of[row][0], _mm256_maddubs_epi16(low_size, _mm256_sign_epi8(inputs, low)));
        dots.of[row][1] = add_pairs(dots.of[row][1], _mm256_maddubs_epi16(high_size, _mm256_sign_epi8(inputs, high)));
      }
      add_signed<Group + 1, End>(dots, weights, x);
    }
  }
};

// vpdpbusd adds four products of an unsigned and a signed byte in 32 bits. It is written as assembly, because GCC makes
// no function with an instruction beyond AVX2 part of one that has none.
struct vpdpbusd {
  AVP_AVX2_INLINE static __m256i add(__m256i sum, __m256i quants, __m256i inputs) {
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(quants), "x"(inputs));
    return sum;
  }
};

// With AVX-VNNI. Instruction: vpdpbusd, or what a test has in its place.
template <class Instruction>
struct vnni_dots {
  // Groups From … To − 1: the dot products less the offset.
  template <class Block, int From, int To, int Rows, class Quants>
  AVP_AVX2_INLINE static void dots_of(row_dots<Rows>& dots, const Quants& weights, const std::int8_t* x,
                                      const std::int32_t* minus_sums) {
    start<Block::offset>(dots, minus_sums);
    add_groups<From, To>(dots, weights, x);
  }

private:
  template <int Group, int End, int Rows, class Quants>
  AVP_AVX2_INLINE static void add_groups(row_dots<Rows>& dots, const Quants& weights, const std::int8_t* x) {
    if constexpr (Group < End) {
      const __m256i low = quants_of<Group, 0>(weights);
      const __m256i high = quants_of<Group, 1>(weights);
#pragma GCC unroll 4
      for (int row = 0; row < Rows; ++row) {
        const __m256i inputs = inputs_of<Group>(x + row * part_inputs);
        dots.of[row][0] = Instruction::add(dots.of[row][0], low, inputs);
        dots.of[row][1] = Instruction::add(dots.of[row][1], high, inputs);
      }
      add_groups<Group + 1, End>(dots, weights, x);
    }
  }
};

} // namespace avp::avx2
