// Quantising activations: magnitude, scale, rounding to the nearest (ties to even), sums.
#include "gpu/kernels/quantized_rows.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include <ATen/Parallel.h>

#if defined(__x86_64__)
#include "gpu/kernels/x86_intrinsics.hpp"
#endif

namespace avp {

namespace {

// Below this a scale could become subnormal and its inverse infinite.
constexpr float smallest_magnitude = 1e-30F;

// A tile of 16 rows of activations is read whole.
constexpr std::size_t values_behind = 15 * 32;

// Values of one piece of work for a thread: some 10 µs.
constexpr std::int64_t values_per_thread = 32768;

struct block_scale {
  float scale;
  float inverse;
};

// `magnitude` are the bits of the largest absolute value; as integers those of a NaN are above all others.
block_scale scale_of(std::uint32_t magnitude) {
  const auto largest = std::bit_cast<float>(magnitude);
  if (!(largest <= std::numeric_limits<float>::max()))
    return {std::numeric_limits<float>::quiet_NaN(), 0.0F};
  if (largest < smallest_magnitude)
    return {0.0F, 0.0F};
  return {largest / 127.0F, 127.0F / largest};
}

} // namespace

struct quantized_rows::place {
  std::int8_t* values;
  std::int64_t index; // Of the scale and the sums.
};

quantized_rows::place quantized_rows::place_of(std::int64_t block_index, std::int64_t row) {
  const std::int64_t index = block_index * rows_ + row;
  return {values_.data() + index * block, index};
}

void quantized_rows::quantize_portable(const float* x, const place& to) {
  std::uint32_t magnitude = 0;
  for (int i = 0; i < block; ++i)
    magnitude = std::max(magnitude, std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffU);
  const auto [scale, inverse] = scale_of(magnitude);
  std::int32_t sums[2] = {0, 0};
  for (int i = 0; i < block; ++i) {
    const auto value = inverse == 0.0F ? 0 : static_cast<std::int32_t>(std::nearbyint(x[i] * inverse));
    to.values[i] = static_cast<std::int8_t>(value);
    sums[i / 16] += value;
  }
  store_sums(to.index, scale, sums[0], sums[1]);
}

void quantized_rows::store_sums(std::int64_t index, float scale, std::int32_t first, std::int32_t second) {
  scales_[index] = scale;
  scaled_sums_[index] = scale * static_cast<float>(first + second);
  minus_sums_[index] = -(first + second);
  minus_half_sums_[index] = -first;
  minus_half_sums_[blocks() * rows_ + index] = -second;
}

#if defined(__x86_64__)

namespace {

AVP_AVX2_INLINE std::uint32_t largest_of(__m256i values) {
  __m128i most = _mm_max_epu32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
  most = _mm_max_epu32(most, _mm_shuffle_epi32(most, 0x4e));
  most = _mm_max_epu32(most, _mm_shuffle_epi32(most, 0xb1));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(most));
}

AVP_AVX2_INLINE std::int32_t sum_of(__m256i values) {
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum);
}

} // namespace

AVP_AVX2 void quantized_rows::quantize_avx2(const float* x, const place& to) {
  const __m256i no_sign = _mm256_set1_epi32(0x7fffffff);
  __m256 values[4];
  __m256i magnitudes = _mm256_setzero_si256();
  for (int i = 0; i < 4; ++i) {
    values[i] = _mm256_loadu_ps(x + i * 8);
    magnitudes = _mm256_max_epu32(magnitudes, _mm256_and_si256(_mm256_castps_si256(values[i]), no_sign));
  }
  const auto [scale, inverse] = scale_of(largest_of(magnitudes));
  const __m256 factor = _mm256_set1_ps(inverse);
  const __m256i some = _mm256_set1_epi32(inverse == 0.0F ? 0 : -1);
  __m256i whole[4];
  for (int i = 0; i < 4; ++i)
    whole[i] = _mm256_and_si256(_mm256_cvtps_epi32(_mm256_mul_ps(values[i], factor)), some);
  const __m256i first = _mm256_packs_epi32(whole[0], whole[1]);
  const __m256i second = _mm256_packs_epi32(whole[2], whole[3]);
  const __m256i bytes =
      _mm256_permutevar8x32_epi32(_mm256_packs_epi16(first, second), // Fours in the order of the packs.
                                  _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to.values), bytes);
  store_sums(to.index, scale, sum_of(_mm256_add_epi32(whole[0], whole[1])),
             sum_of(_mm256_add_epi32(whole[2], whole[3])));
}

AVP_AVX512 void quantized_rows::quantize_avx512(const float* x, const place& to) {
  const __m512 first = _mm512_loadu_ps(x);
  const __m512 second = _mm512_loadu_ps(x + 16);
  const __m512i no_sign = _mm512_set1_epi32(0x7fffffff);
  const auto magnitude = _mm512_reduce_max_epu32(_mm512_max_epu32(
      _mm512_and_si512(_mm512_castps_si512(first), no_sign), _mm512_and_si512(_mm512_castps_si512(second), no_sign)));
  const auto [scale, inverse] = scale_of(magnitude);
  const __m512 factor = _mm512_set1_ps(inverse);
  const __mmask16 some = inverse == 0.0F ? 0 : 0xffff;
  const __m512i low = _mm512_maskz_cvtps_epi32(some, _mm512_mul_ps(first, factor));
  const __m512i high = _mm512_maskz_cvtps_epi32(some, _mm512_mul_ps(second, factor));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to.values), _mm512_cvtepi32_epi8(low));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to.values + 16), _mm512_cvtepi32_epi8(high));
  store_sums(to.index, scale, _mm512_reduce_add_epi32(low), _mm512_reduce_add_epi32(high));
}

#else

void quantized_rows::quantize_avx2(const float* x, const place& to) { quantize_portable(x, to); }

void quantized_rows::quantize_avx512(const float* x, const place& to) { quantize_portable(x, to); }

#endif

void quantized_rows::quantize_rows(const float* x, std::int64_t begin, std::int64_t end, std::int64_t stride) {
  for (std::int64_t row = begin; row < end; ++row)
    for (std::int64_t index = 0; index < blocks(); ++index) {
      const float* from = x + row * stride + index * block;
      switch (path_) {
      case kernel_path::amx:
      case kernel_path::avx512:
        quantize_avx512(from, place_of(index, row));
        break;
      case kernel_path::avxvnni:
      case kernel_path::avx2:
        quantize_avx2(from, place_of(index, row));
        break;
      case kernel_path::base:
        quantize_portable(from, place_of(index, row));
      }
    }
}

void quantized_rows::assign(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride) {
  if (rows < 0 || columns <= 0 || columns % block != 0)
    throw std::invalid_argument("[quantized_rows] rows are quantised in blocks of 32 values, but " +
                                std::to_string(rows) + " rows of " + std::to_string(columns) + " were given");
  rows_ = rows;
  columns_ = columns;
  const auto count = static_cast<std::size_t>(rows * blocks());
  values_.resize(count * block + values_behind);
  scales_.resize(count);
  scaled_sums_.resize(count);
  minus_sums_.resize(count);
  minus_half_sums_.resize(count * 2);
  at::parallel_for(0, rows, std::max<std::int64_t>(1, values_per_thread / columns),
                   [&](std::int64_t begin, std::int64_t end) { quantize_rows(x, begin, end, stride); });
}

} // namespace avp
