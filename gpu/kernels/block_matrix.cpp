// Packing, and sharing the work of the kernels among threads.
#include "gpu/kernels/block_matrix.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/Parallel.h>

#include "gpu/kernels/block_kernels.hpp"
#include "gpu/kernels/pack_blocks.hpp"
#include "gpu/kernels/weight_memory.hpp"

namespace avp {

namespace {

// Less work than this (in bytes of weights times rows) is not worth waking a thread.
constexpr std::int64_t bytes_per_thread = 32768;

// A sum over outputs is made of this many sums over parts of them, added in order, however many threads there are.
constexpr std::int64_t transposed_sums = 16;

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const auto size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::int64_t packed_block_bytes(tensor_type type) {
  return with_packed_block(type, []<class Block>(std::type_identity<Block>) -> std::int64_t { return sizeof(Block); });
}

void check(const tensor_view& view, std::span<const std::int64_t> order) {
  if (!block_matrix::supports(view.type))
    throw std::invalid_argument("[block_matrix] " + std::string(to_string(view.type)) +
                                " weights have no kernels; Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K have");
  if (view.shape.size() != 2 || view.shape[0] < 0 || view.shape[1] <= 0 ||
      view.shape[1] % block_values(view.type) != 0 ||
      static_cast<std::int64_t>(view.data.size()) !=
          view.shape[0] * (view.shape[1] / block_values(view.type)) * block_bytes(view.type))
    throw std::invalid_argument("[block_matrix] a matrix of whole " + std::string(to_string(view.type)) +
                                " blocks is needed, but the shape is " + shape_text(view.shape) +
                                " and the data have " + std::to_string(view.data.size()) + " bytes");
  const bool fits =
      std::all_of(order.begin(), order.end(), [&](std::int64_t row) { return row >= 0 && row < view.shape[0]; });
  if (!order.empty() && (static_cast<std::int64_t>(order.size()) != view.shape[0] || !fits))
    throw std::invalid_argument("[block_matrix] the order of rows must name " + std::to_string(view.shape[0]) +
                                " rows of the tensor, but has " + std::to_string(order.size()) + " entries" +
                                (fits ? "" : ", some beyond it"));
}

} // namespace

bool block_matrix::supports(tensor_type type) {
  using enum tensor_type;
  constexpr std::array with_kernels{q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k};
  return std::find(with_kernels.begin(), with_kernels.end(), type) != with_kernels.end();
}

block_matrix::block_matrix(const tensor_view& view, std::span<const std::int64_t> order, kernel_path path)
    : type_(view.type) {
  check(view, order);
  kernels_ = &block_kernels_of(type_, path);
  outputs_ = view.shape[0];
  inputs_ = view.shape[1];
  blocks_ = inputs_ / block_values(type_);
  const std::int64_t tile_bytes = blocks_ * packed_block_bytes(type_);
  bytes_ = tile_count() * tile_bytes;
  memory_ = allocate_weights(bytes_);
  at::parallel_for(0, tile_count(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      file_rows rows{};
      for (std::int64_t i = 0; i < std::min<std::int64_t>(tile_outputs, outputs_ - tile * tile_outputs); ++i) {
        const std::int64_t output = tile * tile_outputs + i;
        const std::int64_t row = order.empty() ? output : order[static_cast<std::size_t>(output)];
        rows[static_cast<std::size_t>(i)] = view.data.data() + row * blocks_ * block_bytes(type_);
      }
      pack_tile(type_, rows, blocks_, memory_.get() + tile * tile_bytes);
    }
  });
}

packed_tiles block_matrix::tiles() const { return {memory_.get(), blocks_, outputs_}; }

std::int64_t block_matrix::tile_count() const { return (outputs_ + tile_outputs - 1) / tile_outputs; }

// The tiles of all matrices in one line, and every thread takes a piece of it.
void multiply_all(std::span<const block_product> products, const quantized_rows& x) {
  std::int64_t tiles = 0;
  std::int64_t bytes = 0;
  for (const auto& product : products) {
    if (x.columns() != product.weights->inputs())
      throw std::invalid_argument("[block_matrix::multiply] rows of " + std::to_string(product.weights->inputs()) +
                                  " values are needed but they have " + std::to_string(x.columns()));
    tiles += product.weights->tile_count();
    bytes += product.weights->bytes();
  }
  if (x.rows() == 0 || tiles == 0)
    return;
  const std::int64_t tile_work = bytes / tiles * x.rows();
  at::parallel_for(
      0, tiles, std::max<std::int64_t>(1, bytes_per_thread / tile_work), [&](std::int64_t begin, std::int64_t end) {
        for (const auto& product : products) {
          const block_matrix& weights = *product.weights;
          const std::int64_t count = weights.tile_count();
          const std::int64_t first = std::clamp<std::int64_t>(begin, 0, count);
          const std::int64_t last = std::clamp<std::int64_t>(end, 0, count);
          const auto multiply = x.rows() < many_rows ? weights.kernels_->multiply : weights.kernels_->multiply_many;
          multiply(weights.tiles(), first, last, x, product.out, product.out_stride);
          begin -= count;
          end -= count;
        }
      });
}

void block_matrix::multiply(const quantized_rows& x, float* out, std::int64_t out_stride) const {
  const block_product product{this, out, out_stride};
  multiply_all({&product, 1}, x);
}

void block_matrix::row(std::int64_t index, float* out) const {
  if (index < 0 || index >= outputs_)
    throw std::out_of_range("[block_matrix::row] output " + std::to_string(index) + " of a matrix with " +
                            std::to_string(outputs_) + " was asked for");
  dequantize_output(type_, tiles(), index, out);
}

void block_matrix::multiply_transposed(const float* p, std::int64_t rows, float* out) const {
  const auto size = static_cast<std::size_t>(rows * inputs_);
  static thread_local std::vector<float> sums;
  sums.assign(size * transposed_sums, 0.0F);
  float* const all = sums.data();
  at::parallel_for(0, transposed_sums, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      kernels_->add_transposed(tiles(), tile_count() * i / transposed_sums, tile_count() * (i + 1) / transposed_sums, p,
                               outputs_, rows, all + static_cast<std::size_t>(i) * size);
  });
  std::copy_n(all, size, out);
  for (std::size_t i = 1; i < transposed_sums; ++i)
    for (std::size_t k = 0; k < size; ++k)
      out[k] += all[i * size + k];
}

} // namespace avp
