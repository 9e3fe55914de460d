// Weight matrices that keep the blocks of their file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "gpu/kernels/kernel_path.hpp"
#include "gpu/kernels/quantized_rows.hpp"
#include "gpu/model/tensor_type.hpp"

namespace avp {

class block_matrix;
struct block_kernels;
struct packed_tiles;

/// One of several products with the same rows: out[r · out_stride + o] = x[r] · weights[o].
struct block_product {
  const block_matrix* weights;
  float* out;
  std::int64_t out_stride;
};

/// Computes all products, each with the bits of block_matrix::multiply, and wakes the threads once: for small matrices
/// (query, key and value; gate and up) waking costs as much as multiplying. Throws std::invalid_argument when a matrix
/// has not as many inputs as x has columns.
void multiply_all(std::span<const block_product> products, const quantized_rows& x);

/// A weight matrix [outputs, inputs] that keeps its file's own blocks and their exact values, packed for the kernels.
/// All functions are const, may run at the same time, and use the threads of ATen's pool. The bits of an output row
/// depend on the input row and the weights alone: neither on the other rows, nor on their number, nor on the threads.
class block_matrix {
public:
  /// Whether matrices of this type can be kept in blocks: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K.
  [[nodiscard]] static bool supports(tensor_type type);

  /// Packs a tensor of two dimensions. With an `order`, output i is row order[i] of the tensor (for the rows of rotary
  /// heads). Nothing of `view` is kept. Throws std::invalid_argument when the type is not supported, the shape does not
  /// fit the data, or the order names a row that is not there.
  explicit block_matrix(const tensor_view& view, std::span<const std::int64_t> order = {},
                        kernel_path path = fastest_kernel_path());

  [[nodiscard]] std::int64_t outputs() const { return outputs_; }
  [[nodiscard]] std::int64_t inputs() const { return inputs_; }
  [[nodiscard]] tensor_type type() const { return type_; }

  /// Bytes of the packed weights.
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

  /// out[r · out_stride + o] = x[r] · weights[o] for all rows of x. Throws std::invalid_argument when x has other
  /// columns than this matrix has inputs.
  void multiply(const quantized_rows& x, float* out, std::int64_t out_stride) const;

  /// The exact weights of one output: out [inputs]. Throws std::out_of_range.
  void row(std::int64_t index, float* out) const;

  /// out[r] = Σ p[r][o] · weights[o], p [rows, outputs] and out [rows, inputs] without gaps, all in float32.
  void multiply_transposed(const float* p, std::int64_t rows, float* out) const;

private:
  friend void multiply_all(std::span<const block_product> products, const quantized_rows& x);

  [[nodiscard]] packed_tiles tiles() const;
  [[nodiscard]] std::int64_t tile_count() const;

  tensor_type type_;
  const block_kernels* kernels_;
  std::int64_t outputs_;
  std::int64_t inputs_;
  std::int64_t blocks_; // Packed blocks in a tile.
  std::int64_t bytes_;
  std::shared_ptr<std::byte> memory_; // Never written after the constructor.
};

} // namespace avp
