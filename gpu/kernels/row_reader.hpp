// Where the activations of some rows lie in quantized_rows. Internal to gpu/kernels.
#pragma once

#include <cstdint>

#include "gpu/kernels/packed_block.hpp"
#include "gpu/kernels/quantized_rows.hpp"

namespace avp {

/// Reads the rows from `first` on, one block after the other.
struct row_reader {
  const std::int8_t* values;
  const float* scales;
  const float* scaled_sums;
  const std::int32_t* minus_sums;
  const std::int32_t* minus_first_sums;
  const std::int32_t* minus_second_sums;
  std::int64_t rows; ///< Of all, the step from block to block.

  row_reader(const quantized_rows& x, std::int64_t first)
      : values(x.values() + first * part_inputs),
        scales(x.scales() + first),
        scaled_sums(x.scaled_sums() + first),
        minus_sums(x.minus_sums() + first),
        minus_first_sums(x.minus_half_sums(0) + first),
        minus_second_sums(x.minus_half_sums(1) + first),
        rows(x.rows()) {}

  void next() { skip(1); }

  void skip(std::int64_t blocks) {
    const std::int64_t step = blocks * rows;
    values += step * part_inputs;
    scales += step;
    scaled_sums += step;
    minus_sums += step;
    minus_first_sums += step;
    minus_second_sums += step;
  }
};

} // namespace avp
