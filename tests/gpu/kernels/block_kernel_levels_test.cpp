// The block kernels of every level of the instruction set give the bits of those in plain C++.
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/kernels/block_kernels.hpp"
#include "tests/gpu/kernels/block_tensors.hpp"

namespace {

using namespace avp;
using namespace avp::test;

// Outputs that fill no tile, inputs that fill two superblocks.
constexpr std::int64_t level_outputs = 61;
constexpr std::int64_t level_inputs = 512;

class block_kernel_levels_test : public testing::TestWithParam<std::tuple<tensor_type, kernel_path>> {
protected:
  void SetUp() override {
    if (!can_run(path()))
      GTEST_SKIP() << "this processor cannot run " << name_of(path());
  }

  static tensor_type type() { return std::get<0>(GetParam()); }
  static kernel_path path() { return std::get<1>(GetParam()); }

  // Whether all of these rows have the same products with both paths.
  static bool same_products(const random_tensor& tensor, const std::vector<float>& x, std::int64_t rows) {
    const auto product_with = [&](kernel_path path) {
      return product(block_matrix(tensor.view, {}, path), quantized(x, 0, rows, tensor.view.shape[1], path));
    };
    return same_bits(product_with(kernel_path::base), product_with(path()));
  }
};

INSTANTIATE_TEST_SUITE_P(all, block_kernel_levels_test,
                         testing::Combine(testing::ValuesIn(block_types),
                                          testing::ValuesIn(all_values<kernel_path>.begin() + 1,
                                                            all_values<kernel_path>.end())),
                         [](const auto& param) {
                           return std::string(to_string(std::get<0>(param.param))) + "_" +
                                  std::string(name_of(std::get<1>(param.param)));
                         });

TEST_P(block_kernel_levels_test, multiply_any_number_of_rows) {
  const random_tensor tensor(type(), level_outputs, level_inputs);
  const block_matrix plain(tensor.view, {}, kernel_path::base);
  const block_matrix fast(tensor.view, {}, path());
  const auto x = random_rows(70, level_inputs);
  const auto expected = product(plain, quantized(x, 0, 70, level_inputs, kernel_path::base));
  for (std::int64_t rows = 1; rows <= 70; ++rows) {
    const auto out = product(fast, quantized(x, 70 - rows, rows, level_inputs, path()));
    EXPECT_EQ(std::memcmp(out.data(), expected.data() + (70 - rows) * level_outputs, out.size() * sizeof(float)), 0)
        << rows << " rows";
  }
}

// Sums of sixteen bits overflow at these first.
TEST_P(block_kernel_levels_test, multiply_the_largest_values) {
  for (const auto byte : {0xff, 0x00, 0x80, 0x7f, 0x0f, 0xf0}) {
    random_tensor tensor(type(), 17, level_inputs);
    for (auto& value : tensor.data)
      value = static_cast<std::byte>(byte);
    set_scales(type(), tensor.data);
    for (const int pattern : {0, 1, 2, 3}) {
      std::vector<float> x(many_rows * level_inputs);
      for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = (pattern >> (i % 2) & 1) != 0 ? 3.0F : -3.0F;
      EXPECT_TRUE(same_products(tensor, x, many_rows)) << "bytes " << byte << ", signs " << pattern;
    }
  }
}

// More than is unpacked at a time.
TEST_P(block_kernel_levels_test, multiply_many_inputs) {
  constexpr std::int64_t inputs = 2304;
  const random_tensor tensor(type(), level_outputs, inputs);
  EXPECT_TRUE(same_products(tensor, random_rows(many_rows + 5, inputs), many_rows + 5));
}

TEST_P(block_kernel_levels_test, multiply_what_is_no_number) {
  const random_tensor tensor(type(), level_outputs, level_inputs);
  for (const auto rows : {std::int64_t{2}, many_rows + 2}) {
    auto x = random_rows(rows, level_inputs);
    for (std::int64_t row = 0; row < rows; row += 2) {
      x[static_cast<std::size_t>(row * level_inputs + 5)] = std::numeric_limits<float>::quiet_NaN();
      x[static_cast<std::size_t>((row + 1) * level_inputs + 40)] = -std::numeric_limits<float>::infinity();
    }
    const auto out = product(block_matrix(tensor.view, {}, path()), quantized(x, 0, rows, level_inputs, path()));
    for (const float value : out)
      EXPECT_TRUE(std::isnan(value));
  }
}

// The last `rows` rows of p for every one of these, beside the same rows of all.
void expect_transposed(const random_tensor& tensor, kernel_path path, std::int64_t all, std::int64_t step) {
  const std::int64_t count = tensor.view.shape[0];
  const auto p = random_rows(all, count);
  std::vector<float> expected(static_cast<std::size_t>(all) * 256);
  block_matrix(tensor.view, {}, kernel_path::base).multiply_transposed(p.data(), all, expected.data());
  const block_matrix fast(tensor.view, {}, path);
  for (std::int64_t rows = 1; rows <= all; rows += step) {
    std::vector<float> out(static_cast<std::size_t>(rows) * 256);
    fast.multiply_transposed(p.data() + (all - rows) * count, rows, out.data());
    EXPECT_EQ(std::memcmp(out.data(), expected.data() + (all - rows) * 256, out.size() * sizeof(float)), 0)
        << rows << " rows, " << count << " outputs";
  }
}

TEST_P(block_kernel_levels_test, multiply_transposed_any_number_of_rows) {
  expect_transposed(random_tensor(type(), level_outputs, 256), path(), 27, 1);
}

TEST_P(block_kernel_levels_test, multiply_transposed_many_outputs) {
  expect_transposed(random_tensor(type(), 2 * 16 * 24 * 16 + 7, 256), path(), 4, 3); // some chunks for each of the sums
}

class quantized_rows_levels_test : public testing::TestWithParam<kernel_path> {};

INSTANTIATE_TEST_SUITE_P(all, quantized_rows_levels_test,
                         testing::ValuesIn(all_values<kernel_path>.begin() + 1, all_values<kernel_path>.end()),
                         [](const auto& path) { return std::string(name_of(path.param)); });

TEST_P(quantized_rows_levels_test, give_the_bits_of_plain_code) {
  if (!can_run(GetParam()))
    GTEST_SKIP() << "this processor cannot run " << name_of(GetParam());
  auto x = random_rows(7, 608);
  for (std::size_t i = 0; i < 32; ++i)
    x[i] = static_cast<float>(i) + 0.5F; // halves, which are rounded to even
  x[31] = 127.0F;
  x[32] = -1e-35F;
  const auto slow = quantized(x, 0, 7, 608, kernel_path::base);
  const auto fast = quantized(x, 0, 7, 608, GetParam());
  const auto count = static_cast<std::size_t>(slow.rows() * slow.blocks());
  EXPECT_EQ(std::memcmp(slow.values(), fast.values(), count * 32), 0);
  EXPECT_EQ(std::memcmp(slow.scales(), fast.scales(), count * 4), 0);
  EXPECT_EQ(std::memcmp(slow.scaled_sums(), fast.scaled_sums(), count * 4), 0);
  EXPECT_EQ(std::memcmp(slow.minus_sums(), fast.minus_sums(), count * 4), 0);
  EXPECT_EQ(std::memcmp(slow.minus_half_sums(0), fast.minus_half_sums(0), count * 8), 0);
}

TEST(kernel_path, is_the_fastest_or_the_one_that_is_named) {
  EXPECT_EQ(kernel_path_for(nullptr), runnable_paths().back());
  for (const auto path : runnable_paths())
    EXPECT_EQ(kernel_path_for(std::string(name_of(path)).c_str()), path);
}

TEST(kernel_path, refuses_a_name_that_is_none_or_beyond_this_processor) {
  const auto message_for = [](const std::string& name) -> std::string {
    try {
      return "chosen: " + std::string(name_of(kernel_path_for(name.c_str())));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  for (const std::string name : {"", "AVX2", "sse2", "avx2 "})
    EXPECT_THAT(message_for(name), testing::AllOf(testing::HasSubstr("AVP_CPU"), testing::HasSubstr("one of base"),
                                                  testing::EndsWith("but is \"" + name + "\"")));
  for (const auto path : all_values<kernel_path>)
    if (!can_run(path)) {
      EXPECT_THAT(message_for(std::string(name_of(path))), testing::HasSubstr("on this processor"));
    }
}

} // namespace
