// The inner loops of dense_product for processors with AVX2 and FMA.
#pragma once

#include <cstdint>

namespace avp::dense_avx2 {

/// Values of one step along the inputs.
constexpr std::int64_t group = 16;

/// A row as float32, filled up with zeros.
void widen(const float* x, std::int64_t inputs, float* out);
void widen(const std::uint16_t* x, std::int64_t inputs, float* out);

/// Outputs [first, last) of all rows: sums[row * stride + output]. Rows of `x` are widened and `padded` values apart.
/// The same weights as float32 and as bfloat16 give the same bits.
void multiply(const float* x, std::int64_t rows, std::int64_t padded, const float* weight, std::int64_t inputs,
              std::int64_t first, std::int64_t last, float* sums, std::int64_t stride);
void multiply(const float* x, std::int64_t rows, std::int64_t padded, const std::uint16_t* weight, std::int64_t inputs,
              std::int64_t first, std::int64_t last, float* sums, std::int64_t stride);

/// Columns [first, last) of p · E: out[row * hidden + column] for p [rows, vocab], E [vocab, hidden].
void mix(const float* p, std::int64_t rows, std::int64_t vocab, const float* table, std::int64_t hidden,
         std::int64_t first, std::int64_t last, float* out);
void mix(const float* p, std::int64_t rows, std::int64_t vocab, const std::uint16_t* table, std::int64_t hidden,
         std::int64_t first, std::int64_t last, float* out);

} // namespace avp::dense_avx2
