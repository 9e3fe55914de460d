// Matrices kept in blocks: exact values, row invariance, accuracy.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "gpu/kernels/block_matrix.hpp"
#include "tests/gpu/kernels/block_tensors.hpp"

namespace {

using namespace avp::test;
using avp::tensor_type;

std::vector<float> dequantized(const avp::quantized_rows& x) {
  std::vector<float> values(static_cast<std::size_t>(x.rows() * x.columns()));
  for (std::int64_t block = 0; block < x.blocks(); ++block)
    for (std::int64_t row = 0; row < x.rows(); ++row)
      for (std::int64_t i = 0; i < 32; ++i) {
        const auto at = block * x.rows() + row;
        values[static_cast<std::size_t>(row * x.columns() + block * 32 + i)] =
            x.scales()[at] * static_cast<float>(x.values()[at * 32 + i]);
      }
  return values;
}

// The largest error of a product, as a fraction of |x| · |w|.
double largest_error(const std::vector<float>& out, const std::vector<float>& x, const std::vector<float>& weights,
                     std::size_t rows, std::size_t outputs, std::size_t inputs) {
  double worst = 0;
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t output = 0; output < outputs; ++output) {
      double exact = 0;
      double x_square = 0;
      double w_square = 0;
      for (std::size_t i = 0; i < inputs; ++i) {
        const double a = x[row * inputs + i];
        const double b = weights[output * inputs + i];
        exact += a * b;
        x_square += a * a;
        w_square += b * b;
      }
      worst = std::max(worst, std::abs(out[row * outputs + output] - exact) / std::sqrt(x_square * w_square));
    }
  return worst;
}

class block_matrix_of : public testing::TestWithParam<tensor_type> {};

INSTANTIATE_TEST_SUITE_P(types, block_matrix_of, testing::ValuesIn(block_types),
                         [](const auto& type) { return std::string(avp::to_string(type.param)); });

TEST_P(block_matrix_of, keeps_the_exact_values) {
  for (const std::int64_t outputs : {1, 16, 37}) {
    const random_tensor tensor(GetParam(), outputs, 768);
    const avp::block_matrix weights(tensor.view);
    std::vector<float> values(tensor.values.size());
    for (std::int64_t i = 0; i < outputs; ++i)
      weights.row(i, values.data() + i * 768);
    EXPECT_EQ(values, tensor.values);
  }
}

TEST_P(block_matrix_of, takes_rows_in_another_order) {
  const random_tensor tensor(GetParam(), 40, 256);
  std::vector<std::int64_t> order(40);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(3));
  const avp::block_matrix weights(tensor.view, order);
  std::vector<float> values(256);
  for (std::int64_t i = 0; i < 40; ++i) {
    weights.row(i, values.data());
    const auto from = tensor.values.begin() + order[static_cast<std::size_t>(i)] * 256;
    EXPECT_TRUE(std::equal(values.begin(), values.end(), from)) << i;
  }
}

TEST_P(block_matrix_of, multiplies_the_quantised_rows_to_float_rounding) {
  const random_tensor tensor(GetParam(), 45, 1280);
  const auto x = quantized(random_rows(5, 1280), 0, 5, 1280);
  const auto out = product(avp::block_matrix(tensor.view), x);
  EXPECT_LT(largest_error(out, dequantized(x), tensor.values, 5, 45, 1280), 1e-6);
}

// Rounding to 1/127 of the largest of 32 normal values (about 2.4): uniform errors of 2.4 / 127 / √12 each, added up
// at random. Six standard deviations.
TEST_P(block_matrix_of, error_of_int8_activations_is_bounded) {
  const random_tensor tensor(GetParam(), 64, 2048);
  const auto rows = random_rows(8, 2048);
  const auto out = product(avp::block_matrix(tensor.view), quantized(rows, 0, 8, 2048));
  const double error = largest_error(out, rows, tensor.values, 8, 64, 2048);
  EXPECT_LT(error, 6 * 0.0055 / std::sqrt(2048));
  EXPECT_GT(error, 0);
}

TEST_P(block_matrix_of, bits_of_a_row_do_not_depend_on_the_others) {
  for (const std::int64_t outputs : {16, 75}) {
    const random_tensor tensor(GetParam(), outputs, 768);
    const avp::block_matrix weights(tensor.view);
    const auto rows = random_rows(64, 768);
    std::vector<float> alone;
    for (int row = 0; row < 64; ++row) {
      const auto one = product(weights, quantized(rows, row, 1, 768));
      alone.insert(alone.end(), one.begin(), one.end());
    }
    for (const std::int64_t count : {2, 3, 5, 8, 13, 15, 16, 17, 31, 32, 33, 64}) {
      const auto first = 64 - count;
      const auto together = product(weights, quantized(rows, first, count, 768));
      EXPECT_EQ(std::memcmp(together.data(), alone.data() + first * outputs, together.size() * sizeof(float)), 0)
          << count << " rows, " << outputs << " outputs";
    }
  }
}

TEST_P(block_matrix_of, bits_do_not_depend_on_threads) {
  const int before = at::get_num_threads();
  const random_tensor tensor(GetParam(), 1003, 512);
  const auto rows = random_rows(9, 512);
  const auto p = random_rows(3, 1003);
  std::vector<std::vector<float>> products;
  std::vector<std::vector<float>> transposed;
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    const avp::block_matrix weights(tensor.view);
    products.push_back(product(weights, quantized(rows, 0, 9, 512)));
    transposed.emplace_back(3 * 512);
    weights.multiply_transposed(p.data(), 3, transposed.back().data());
  }
  at::set_num_threads(before);
  for (std::size_t i = 1; i < products.size(); ++i) {
    EXPECT_TRUE(same_bits(products[i], products[0]));
    EXPECT_TRUE(same_bits(transposed[i], transposed[0]));
  }
}

TEST_P(block_matrix_of, multiplies_transposed_exactly_but_for_float_rounding) {
  const std::size_t outputs = 531;
  const random_tensor tensor(GetParam(), outputs, 256);
  const avp::block_matrix weights(tensor.view);
  std::vector<float> by_input(tensor.values.size());
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t i = 0; i < 256; ++i)
      by_input[i * outputs + o] = tensor.values[o * 256 + i];
  for (const std::size_t rows : {1, 2, 7, 9, 33}) {
    const auto p = random_rows(static_cast<std::int64_t>(rows), outputs);
    std::vector<float> out(rows * 256);
    weights.multiply_transposed(p.data(), static_cast<std::int64_t>(rows), out.data());
    EXPECT_LT(largest_error(out, p, by_input, rows, 256, outputs), 1e-6) << rows;
  }
}

TEST_P(block_matrix_of, transposed_rows_do_not_depend_on_the_others) {
  const random_tensor tensor(GetParam(), 531, 256);
  const avp::block_matrix weights(tensor.view);
  const auto p = random_rows(33, 531);
  std::vector<float> together(33 * 256);
  weights.multiply_transposed(p.data(), 33, together.data());
  for (const std::int64_t count : {1, 2, 3, 4, 5, 8, 11, 16}) {
    std::vector<float> some(static_cast<std::size_t>(count) * 256);
    weights.multiply_transposed(p.data() + 17 * 531, count, some.data());
    EXPECT_EQ(std::memcmp(some.data(), together.data() + 17 * 256, some.size() * sizeof(float)), 0) << count;
  }
}

TEST_P(block_matrix_of, packed_weights_are_hardly_larger_than_the_file) {
  const random_tensor tensor(GetParam(), 64, 1024);
  EXPECT_LE(static_cast<double>(avp::block_matrix(tensor.view).bytes()),
            1.03 * static_cast<double>(tensor.data.size()));
}

TEST_P(block_matrix_of, writes_nothing_beside_its_outputs) {
  const random_tensor tensor(GetParam(), 21, 256);
  const avp::block_matrix weights(tensor.view);
  std::vector<float> out(3 * 30, -7.0F);
  const auto x = quantized(random_rows(3, 256), 0, 3, 256);
  weights.multiply(x, out.data(), 30);
  const auto tight = product(weights, x);
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t i = 0; i < 30; ++i)
      EXPECT_EQ(out[row * 30 + i], i < 21 ? tight[row * 21 + i] : -7.0F);
}

TEST(block_matrix, products_together_have_the_bits_of_products_alone) {
  const auto x = quantized(random_rows(3, 512), 0, 3, 512);
  const random_tensor query(tensor_type::q5_0, 300, 512, 5);
  const random_tensor key(tensor_type::q8_0, 37, 512, 6);
  const random_tensor value(tensor_type::q6_k, 64, 512, 7);
  std::vector<avp::block_matrix> weights;
  for (const auto* tensor : {&query, &key, &value})
    weights.emplace_back(tensor->view);
  std::vector<float> together(3 * 401);
  std::vector<avp::block_product> products;
  std::int64_t first = 0;
  for (const auto& matrix : weights) {
    products.push_back({&matrix, together.data() + first, 401});
    first += matrix.outputs();
  }
  avp::multiply_all(products, x);
  std::vector<float> alone(3 * 401);
  first = 0;
  for (const auto& matrix : weights) {
    matrix.multiply(x, alone.data() + first, 401);
    first += matrix.outputs();
  }
  EXPECT_TRUE(same_bits(together, alone));
}

TEST(block_matrix, supports_the_types_that_are_stored_in_blocks) {
  for (const auto type : block_types)
    EXPECT_TRUE(avp::block_matrix::supports(type));
  for (const auto type : {tensor_type::f32, tensor_type::f16, tensor_type::bf16})
    EXPECT_FALSE(avp::block_matrix::supports(type));
}

template <class Error, class Function>
std::string message_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(block_matrix, refuses_what_does_not_fit) {
  const random_tensor tensor(tensor_type::q8_0, 20, 64);
  const auto made_of = [](avp::tensor_view view, std::vector<std::int64_t> order = {}) {
    return message_of<std::invalid_argument>([&] { avp::block_matrix(view, order); });
  };
  auto view = tensor.view;
  view.type = tensor_type::f16;
  EXPECT_EQ(made_of(view), "[block_matrix] F16 weights have no kernels; Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and "
                           "Q6_K have");
  view = tensor.view;
  view.shape = {20, 96};
  EXPECT_EQ(made_of(view), "[block_matrix] a matrix of whole Q8_0 blocks is needed, but the shape is [20, 96] and the "
                           "data have 1360 bytes");
  view.shape = {1280};
  EXPECT_NE(made_of(view), "nothing was thrown");
  EXPECT_EQ(made_of(tensor.view, {1, 2, 3}),
            "[block_matrix] the order of rows must name 20 rows of the tensor, but has 3 entries");
  std::vector<std::int64_t> order(20, 0);
  order[4] = 20;
  EXPECT_EQ(made_of(tensor.view, order),
            "[block_matrix] the order of rows must name 20 rows of the tensor, but has 20 entries, some beyond it");
}

TEST(block_matrix, refuses_wrong_calls) {
  const random_tensor tensor(tensor_type::q8_0, 20, 64);
  const avp::block_matrix weights(tensor.view);
  std::vector<float> out(20 * 64);
  const auto x = quantized(random_rows(1, 96), 0, 1, 96);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { weights.multiply(x, out.data(), 20); }),
            "[block_matrix::multiply] rows of 64 values are needed but they have 96");
  EXPECT_EQ(message_of<std::out_of_range>([&] { weights.row(20, out.data()); }),
            "[block_matrix::row] output 20 of a matrix with 20 was asked for");
  EXPECT_EQ(message_of<std::out_of_range>([&] { weights.row(-1, out.data()); }),
            "[block_matrix::row] output -1 of a matrix with 20 was asked for");
}

TEST(quantized_rows, keeps_what_int8_can_hold) {
  std::vector<float> x(64);
  for (std::size_t i = 0; i < 32; ++i)
    x[i] = static_cast<float>(static_cast<int>(i) * 8 - 127);
  x[32] = -1e-20F;
  for (const auto path : runnable_paths()) {
    const auto rows = quantized(x, 0, 1, 64, path);
    EXPECT_EQ(rows.scales()[0], 1.0F);
    int sum = 0;
    for (int i = 0; i < 32; ++i) {
      EXPECT_EQ(rows.values()[i], i * 8 - 127);
      sum += i * 8 - 127;
    }
    EXPECT_EQ(rows.minus_sums()[0], -sum);
    EXPECT_EQ(rows.scaled_sums()[0], static_cast<float>(sum));
    EXPECT_EQ(rows.minus_half_sums(0)[0] + rows.minus_half_sums(1)[0], -sum);
    EXPECT_EQ(rows.values()[32], -127);
    EXPECT_EQ(rows.values()[33], 0);
  }
}

TEST(quantized_rows, nothing_and_not_a_number) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const auto infinity = std::numeric_limits<float>::infinity();
  for (const auto path : runnable_paths()) {
    std::vector<float> x(4 * 32, 0.0F);
    x[32 + 5] = nan;
    x[64 + 31] = -infinity;
    x[96] = 1e-38F;
    const auto rows = quantized(x, 0, 1, 128, path);
    EXPECT_EQ(rows.scales()[0], 0.0F);
    EXPECT_TRUE(std::isnan(rows.scales()[1]));
    EXPECT_TRUE(std::isnan(rows.scales()[2]));
    EXPECT_EQ(rows.scales()[3], 0.0F);
    const random_tensor tensor(tensor_type::q5_0, 17, 128);
    for (const float value : product(avp::block_matrix(tensor.view, {}, path), rows))
      EXPECT_TRUE(std::isnan(value));
  }
}

TEST(quantized_rows, rows_may_lie_apart_and_are_taken_in_whole_blocks) {
  const auto x = random_rows(4, 96);
  avp::quantized_rows rows;
  rows.assign(x.data() + 1, 3, 64, 96);
  for (std::int64_t row = 0; row < 3; ++row) {
    avp::quantized_rows one;
    one.assign(x.data() + 1 + row * 96, 1, 64, 64);
    for (std::int64_t block = 0; block < 2; ++block) {
      EXPECT_EQ(std::memcmp(rows.values() + (block * 3 + row) * 32, one.values() + block * 32, 32), 0);
      EXPECT_EQ(rows.scales()[block * 3 + row], one.scales()[block]);
    }
  }
  EXPECT_EQ(message_of<std::invalid_argument>([&] { rows.assign(x.data(), 1, 48, 48); }),
            "[quantized_rows] rows are quantised in blocks of 32 values, but 1 rows of 48 were given");
}

} // namespace
