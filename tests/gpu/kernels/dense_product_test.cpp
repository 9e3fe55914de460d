// Dense products of our own against ATen's in float64, and rows alone against rows in company.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/kernels/dense_product.hpp"
#include "gpu/kernels/kernel_path.hpp"

namespace avp {
namespace {

struct dense_case {
  at::ScalarType activations, weights;
  std::int64_t rows, inputs, outputs;
};

class dense_product_test : public ::testing::TestWithParam<dense_case> {
protected:
  void SetUp() override {
    if (!can_run(kernel_path::avx2))
      GTEST_SKIP() << "this processor has no AVX2";
    at::manual_seed(7);
  }
};

// Largest difference in units of the largest value.
double largest_error(const at::Tensor& a, const at::Tensor& b) {
  const auto wide = b.to(at::kDouble);
  return ((a.to(at::kDouble) - wide).abs().max() / wide.abs().max()).item<double>();
}

TEST_P(dense_product_test, is_the_product) {
  const auto& given = GetParam();
  const auto x = at::randn({given.rows, given.inputs}).to(given.activations);
  const auto w = at::randn({given.outputs, given.inputs}).to(given.weights);
  const auto b = at::randn({given.outputs}).to(given.activations);
  const auto wide = at::linear(x.to(at::kDouble), w.to(at::kDouble), b.to(at::kDouble));
  const auto out = dense_product(x, w, b);
  EXPECT_EQ(out.scalar_type(), given.activations);
  EXPECT_LT(largest_error(out, wide), given.activations == at::kFloat ? 2e-6 : 0.004);
  EXPECT_LT(largest_error(dense_product(x, w, {}), wide - b.to(at::kDouble)),
            given.activations == at::kFloat ? 2e-6 : 0.004);
}

TEST_P(dense_product_test, a_row_alone_has_the_bits_that_it_has_in_company) {
  const auto& given = GetParam();
  const auto x = at::randn({given.rows, given.inputs}).to(given.activations);
  const auto w = at::randn({given.outputs, given.inputs}).to(given.weights);
  const auto b = at::randn({given.outputs}).to(given.activations);
  const auto all = dense_product(x, w, b);
  for (std::int64_t row = 0; row < given.rows; ++row)
    EXPECT_TRUE(at::equal(dense_product(x.narrow(0, row, 1), w, b), all.narrow(0, row, 1))) << "row " << row;
}

TEST_P(dense_product_test, a_mixture_is_the_sum_of_weighted_rows) {
  const auto& given = GetParam();
  const auto p = at::softmax(at::randn({given.rows, given.outputs}), 1);
  const auto table = at::randn({given.outputs, given.inputs}).to(given.weights);
  const auto all = dense_mixture(p, table);
  EXPECT_LT(largest_error(all, at::mm(p.to(at::kDouble), table.to(at::kDouble))), 1e-5);
  for (std::int64_t row = 0; row < given.rows; ++row)
    EXPECT_TRUE(at::equal(dense_mixture(p.narrow(0, row, 1), table), all.narrow(0, row, 1))) << "row " << row;
}

// LayerCast is float32 arithmetic on rounded weights, to the bit.
TEST_P(dense_product_test, weights_kept_in_bfloat16_give_the_bits_of_the_same_in_float32) {
  const auto& given = GetParam();
  const auto x = at::randn({given.rows, given.inputs}).to(given.activations);
  const auto w = at::randn({given.outputs, given.inputs}).to(at::kBFloat16);
  EXPECT_TRUE(at::equal(dense_product(x, w, {}), dense_product(x, w.to(at::kFloat), {})));
}

// Row and output counts that do not fill a tile, inputs that do not fill a group, more rows than the cache keeps.
INSTANTIATE_TEST_SUITE_P(shapes, dense_product_test,
                         ::testing::Values(dense_case{at::kBFloat16, at::kBFloat16, 7, 64, 10},
                                           dense_case{at::kBFloat16, at::kBFloat16, 5, 576, 1536},
                                           dense_case{at::kFloat, at::kBFloat16, 4, 72, 9},
                                           dense_case{at::kFloat, at::kBFloat16, 70, 1536, 33},
                                           dense_case{at::kFloat, at::kFloat, 8, 40, 5},
                                           dense_case{at::kFloat, at::kFloat, 6, 896, 130},
                                           dense_case{at::kFloat, at::kFloat, 1, 9, 1}));

} // namespace
} // namespace avp
