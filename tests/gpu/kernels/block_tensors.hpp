// Tensors of blocks and rows to multiply them with, for tests of the block kernels.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <random>
#include <vector>

#include "gpu/kernels/block_matrix.hpp"

namespace avp::test {

/// The types of weights that are stored in blocks.
inline constexpr std::array block_types{tensor_type::q4_0, tensor_type::q4_1, tensor_type::q5_0, tensor_type::q5_1,
                                        tensor_type::q8_0, tensor_type::q4_k, tensor_type::q5_k, tensor_type::q6_k};

/// Offsets of the float16 scales in a block.
inline std::vector<std::size_t> half_places(tensor_type type) {
  switch (type) {
  case tensor_type::q4_0:
  case tensor_type::q5_0:
  case tensor_type::q8_0:
    return {0};
  case tensor_type::q6_k:
    return {208};
  default:
    return {0, 2};
  }
}

/// Puts random float16 scales between 2⁻⁷ and 2⁻⁵ of both signs into all blocks.
inline void set_scales(tensor_type type, std::vector<std::byte>& data, unsigned seed = 1) {
  std::mt19937 random(seed + 1);
  for (auto at = data.begin(); at < data.end(); at += block_bytes(type))
    for (const auto place : half_places(type)) {
      const auto half = static_cast<std::uint16_t>(0x2000 + random() % 0x800 + (random() % 2) * 0x8000);
      std::memcpy(&at[static_cast<std::ptrdiff_t>(place)], &half, sizeof half);
    }
}

/// A tensor of random bytes, but with float16 scales between 2⁻⁷ and 2⁻⁵ of both signs.
struct random_tensor {
  std::vector<std::byte> data;
  tensor_view view;
  std::vector<float> values; ///< [outputs, inputs], as the model code reads them.

  random_tensor(tensor_type type, std::int64_t outputs, std::int64_t inputs, unsigned seed = 1) {
    std::mt19937 random(seed);
    const auto blocks = outputs * inputs / block_values(type);
    data.resize(static_cast<std::size_t>(blocks * block_bytes(type)));
    for (auto& byte : data)
      byte = static_cast<std::byte>(random());
    set_scales(type, data, seed);
    view = {type, {outputs, inputs}, data};
    values.resize(static_cast<std::size_t>(outputs * inputs));
    dequantize(type, data.data(), values);
  }
};

inline std::vector<float> random_rows(std::int64_t rows, std::int64_t columns, unsigned seed = 2) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<std::size_t>(rows * columns));
  for (auto& value : x)
    value = normal(random);
  return x;
}

inline quantized_rows quantized(const std::vector<float>& x, std::int64_t first, std::int64_t rows,
                                std::int64_t columns, kernel_path path = fastest_kernel_path()) {
  quantized_rows to(path);
  to.assign(x.data() + first * columns, rows, columns, columns);
  return to;
}

inline std::vector<float> product(const block_matrix& weights, const quantized_rows& x) {
  std::vector<float> out(static_cast<std::size_t>(x.rows() * weights.outputs()), -1.0F);
  weights.multiply(x, out.data(), weights.outputs());
  return out;
}

/// The kernel paths that this machine can run.
inline std::vector<kernel_path> runnable_paths() {
  std::vector<kernel_path> paths;
  std::copy_if(all_values<kernel_path>.begin(), all_values<kernel_path>.end(), std::back_inserter(paths), can_run);
  return paths;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

} // namespace avp::test
