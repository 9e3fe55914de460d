// Dense products with AVX2 and FMA. Every sum has eight lanes, each along the inputs from the first to the last, which
// are added in one order at the end: a result depends on its row and its output alone, not on the tile it is in.
#if defined(__x86_64__)

#include "gpu/kernels/dense_product_avx2.hpp"

#include <algorithm>

#include "gpu/kernels/x86_intrinsics.hpp"

namespace avp::dense_avx2 {

namespace {

using bits16 = std::uint16_t;

// A tile of sums that stays in registers: 12 of 16.
constexpr int tile_outputs = 4, tile_rows = 3;

// Rows whose inputs stay in the second cache while all weights pass by.
constexpr std::int64_t cached_values = 1 << 16;

struct two_vectors {
  __m256 first, second;
};

AVP_AVX2_INLINE __m256 load_eight(const float* from) { return _mm256_loadu_ps(from); }
AVP_AVX2_INLINE __m256 load_eight(const bits16* from) {
  const __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  return _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
}

AVP_AVX2_INLINE float one(float value) { return value; }
AVP_AVX2_INLINE float one(bits16 value) {
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(static_cast<std::uint32_t>(value) << 16))));
}

template <class W>
AVP_AVX2_INLINE two_vectors load_group(const W* from) {
  return {load_eight(from), load_eight(from + 8)};
}

AVP_AVX2_INLINE float sum_of(__m256 lanes) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

template <int Rows, int Outputs>
AVP_AVX2_INLINE void add_group(const float* x, std::int64_t padded, const two_vectors (&weights)[Outputs],
                               __m256 (&sums)[Rows][Outputs]) {
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row) {
    const __m256 first = _mm256_loadu_ps(x + row * padded), second = _mm256_loadu_ps(x + row * padded + 8);
#pragma GCC unroll 4
    for (int output = 0; output < Outputs; ++output)
      sums[row][output] = _mm256_fmadd_ps(weights[output].first, first, sums[row][output]);
#pragma GCC unroll 4
    for (int output = 0; output < Outputs; ++output)
      sums[row][output] = _mm256_fmadd_ps(weights[output].second, second, sums[row][output]);
  }
}

template <int Rows, int Outputs, class W>
AVP_AVX2 void multiply_tile(const float* x, std::int64_t padded, const W* weight, std::int64_t inputs, float* out,
                            std::int64_t stride) {
  __m256 sums[Rows][Outputs];
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 4
    for (int output = 0; output < Outputs; ++output)
      sums[row][output] = _mm256_setzero_ps();
  two_vectors weights[Outputs];
  const std::int64_t whole = inputs / group * group;
  for (std::int64_t at = 0; at < whole; at += group) {
#pragma GCC unroll 4
    for (int output = 0; output < Outputs; ++output)
      weights[output] = load_group(weight + output * inputs + at);
    add_group<Rows, Outputs>(x + at, padded, weights, sums);
  }
  if (whole < inputs) {
    for (int output = 0; output < Outputs; ++output) {
      W rest[group] = {};
      std::copy_n(weight + output * inputs + whole, inputs - whole, rest);
      weights[output] = load_group(rest);
    }
    add_group<Rows, Outputs>(x + whole, padded, weights, sums);
  }
#pragma GCC unroll 4
  for (int row = 0; row < Rows; ++row)
#pragma GCC unroll 4
    for (int output = 0; output < Outputs; ++output)
      out[row * stride + output] = sum_of(sums[row][output]);
}

template <int Outputs, class W>
AVP_AVX2 void multiply_rows(const float* x, std::int64_t rows, std::int64_t padded, const W* weight,
                            std::int64_t inputs, float* out, std::int64_t stride) {
  std::int64_t row = 0;
  for (; row + tile_rows <= rows; row += tile_rows)
    multiply_tile<tile_rows, Outputs>(x + row * padded, padded, weight, inputs, out + row * stride, stride);
  if (rows - row == 2)
    multiply_tile<2, Outputs>(x + row * padded, padded, weight, inputs, out + row * stride, stride);
  else if (rows - row == 1)
    multiply_tile<1, Outputs>(x + row * padded, padded, weight, inputs, out + row * stride, stride);
}

template <class X>
AVP_AVX2 void widen_row(const X* x, std::int64_t inputs, float* out) {
  std::int64_t at = 0;
  for (; at < inputs; ++at)
    out[at] = one(x[at]);
  for (; at % group != 0; ++at)
    out[at] = 0;
}

template <class W>
AVP_AVX2 void multiply_outputs(const float* x, std::int64_t rows, std::int64_t padded, const W* weight,
                               std::int64_t inputs, std::int64_t first, std::int64_t last, float* sums,
                               std::int64_t stride) {
  const auto rows_at_once = std::max<std::int64_t>(tile_rows, cached_values / padded / tile_rows * tile_rows);
  for (std::int64_t row = 0; row < rows; row += rows_at_once) {
    const auto count = std::min(rows_at_once, rows - row);
    const float* from = x + row * padded;
    float* to = sums + row * stride;
    auto output = first;
    for (; output + tile_outputs <= last; output += tile_outputs)
      multiply_rows<tile_outputs>(from, count, padded, weight + output * inputs, inputs, to + output, stride);
    for (; output < last; ++output)
      multiply_rows<1>(from, count, padded, weight + output * inputs, inputs, to + output, stride);
  }
}

// Eight tokens' rows of the table at a time, so that sums are read and written once for eight products.
template <class W>
AVP_AVX2 void mix_columns(const float* p, std::int64_t rows, std::int64_t vocab, const W* table, std::int64_t hidden,
                          std::int64_t first, std::int64_t last, float* out) {
  constexpr std::int64_t tokens_at_once = 8;
  for (std::int64_t row = 0; row < rows; ++row)
    std::fill(out + row * hidden + first, out + row * hidden + last, 0.0F);
  for (std::int64_t token = 0; token < vocab; token += tokens_at_once) {
    const auto tokens = std::min(tokens_at_once, vocab - token);
    const W* values = table + token * hidden;
    for (std::int64_t row = 0; row < rows; ++row) {
      const float* weights = p + row * vocab + token;
      float* sums = out + row * hidden;
      auto column = first;
      for (; column + 8 <= last; column += 8) {
        __m256 sum = _mm256_loadu_ps(sums + column);
        for (std::int64_t i = 0; i < tokens; ++i)
          sum = _mm256_fmadd_ps(_mm256_set1_ps(weights[i]), load_eight(values + i * hidden + column), sum);
        _mm256_storeu_ps(sums + column, sum);
      }
      for (; column < last; ++column)
        for (std::int64_t i = 0; i < tokens; ++i)
          sums[column] = __builtin_fmaf(weights[i], one(values[i * hidden + column]), sums[column]);
    }
  }
}

} // namespace

void widen(const float* x, std::int64_t inputs, float* out) { widen_row(x, inputs, out); }
void widen(const bits16* x, std::int64_t inputs, float* out) { widen_row(x, inputs, out); }

void multiply(const float* x, std::int64_t rows, std::int64_t padded, const float* weight, std::int64_t inputs,
              std::int64_t first, std::int64_t last, float* sums, std::int64_t stride) {
  multiply_outputs(x, rows, padded, weight, inputs, first, last, sums, stride);
}

void multiply(const float* x, std::int64_t rows, std::int64_t padded, const bits16* weight, std::int64_t inputs,
              std::int64_t first, std::int64_t last, float* sums, std::int64_t stride) {
  multiply_outputs(x, rows, padded, weight, inputs, first, last, sums, stride);
}

void mix(const float* p, std::int64_t rows, std::int64_t vocab, const float* table, std::int64_t hidden,
         std::int64_t first, std::int64_t last, float* out) {
  mix_columns(p, rows, vocab, table, hidden, first, last, out);
}

void mix(const float* p, std::int64_t rows, std::int64_t vocab, const bits16* table, std::int64_t hidden,
         std::int64_t first, std::int64_t last, float* out) {
  mix_columns(p, rows, vocab, table, hidden, first, last, out);
}

} // namespace avp::dense_avx2

#endif
