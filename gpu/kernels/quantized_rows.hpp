// Activations as the block kernels read them: int8 with a scale for every 32 values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/kernels/kernel_path.hpp"

namespace avp {

/// Rows of activations quantised to int8. Every 32 values of a row have one float32 scale, the largest magnitude / 127;
/// the bits of a row depend on that row alone. Memory is kept from one assign to the next, so an object that is used
/// again allocates nothing.
///
/// Everything is stored block by block, and in a block row by row: a kernel reads one block of a few rows at a time.
class quantized_rows {
public:
  /// Values under one scale.
  static constexpr std::int64_t block = 32;

  explicit quantized_rows(kernel_path path = fastest_kernel_path()) : path_(path) {}

  /// Quantises `rows` × `columns` values; row r starts at x + r · stride. Throws std::invalid_argument when columns is
  /// not a positive multiple of 32. A row with a NaN or an infinity in a block gets NaN as the scale of that block;
  /// a block with no magnitude above 1e-30 becomes zeros.
  void assign(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }
  [[nodiscard]] std::int64_t blocks() const { return columns_ / block; }

  /// Values −127 … 127: [blocks, rows, 32], and 15 rows of anything behind them that may be read.
  [[nodiscard]] const std::int8_t* values() const { return values_.data(); }

  /// Value times scale is the activation: [blocks, rows].
  [[nodiscard]] const float* scales() const { return scales_.data(); }

  /// Scale times the sum of the values, for weights with a minimum: [blocks, rows].
  [[nodiscard]] const float* scaled_sums() const { return scaled_sums_.data(); }

  /// Minus the sum of the values, for weights with an offset: [blocks, rows].
  [[nodiscard]] const std::int32_t* minus_sums() const { return minus_sums_.data(); }

  /// Minus the sum of the first (half 0) or last 16 values of each block: [blocks, rows].
  [[nodiscard]] const std::int32_t* minus_half_sums(int half) const {
    return minus_half_sums_.data() + half * blocks() * rows_;
  }

private:
  struct place;

  [[nodiscard]] place place_of(std::int64_t block_index, std::int64_t row);
  void quantize_portable(const float* x, const place& to);
  void quantize_avx2(const float* x, const place& to);
  void quantize_avx512(const float* x, const place& to);
  void store_sums(std::int64_t index, float scale, std::int32_t first, std::int32_t second);
  void quantize_rows(const float* x, std::int64_t begin, std::int64_t end, std::int64_t stride);

  kernel_path path_;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  std::vector<std::int8_t> values_;
  std::vector<float> scales_;
  std::vector<float> scaled_sums_;
  std::vector<std::int32_t> minus_sums_;
  std::vector<std::int32_t> minus_half_sums_;
};

} // namespace avp
