// Which row counts a product may be run with.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/model/row_rule.hpp"

namespace {

using namespace avp;

const at::TensorOptions wide = at::TensorOptions().dtype(at::kFloat);

// Sums squares with their signs (as products, they do not fit the sum's type) from one end of each row, or from the
// other.
at::Tensor sum_of(const at::Tensor& x, bool backwards) {
  const auto signed_squares = x * x.abs();
  auto out = at::zeros({x.size(0), 1}, x.options());
  for (std::int64_t i = 0; i < x.size(1); ++i)
    out += signed_squares.narrow(1, backwards ? x.size(1) - 1 - i : i, 1);
  return out;
}

std::vector<std::int64_t> counts_for(const std::function<bool(std::int64_t)>& backwards) {
  return row_rule([&](const at::Tensor& x) { return sum_of(x, backwards(x.size(0))); }, 256, 64, wide).counts();
}

TEST(row_rule, takes_every_count_of_a_product_that_never_changes) {
  EXPECT_EQ(counts_for([](std::int64_t) { return false; }),
            (std::vector<std::int64_t>{1, 2, 4, 8, 16, 24, 32, 48, 64}));
}

TEST(row_rule, leaves_out_counts_that_sum_in_another_order) {
  EXPECT_EQ(counts_for([](std::int64_t rows) { return rows < 4; }),
            (std::vector<std::int64_t>{4, 8, 16, 24, 32, 48, 64}));
  EXPECT_EQ(counts_for([](std::int64_t rows) { return rows == 24; }),
            (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 48, 64}));
}

TEST(row_rule, measures_at_half_when_the_largest_is_the_odd_one) {
  EXPECT_EQ(counts_for([](std::int64_t rows) { return rows > 32; }),
            (std::vector<std::int64_t>{1, 2, 4, 8, 16, 24, 32}));
}

TEST(row_rule, falls_back_to_one_count) {
  const auto run = [](const at::Tensor& x) { return sum_of(x.roll(x.size(0), 1), false); }; // no two counts alike
  EXPECT_EQ(row_rule(run, 256, 64, wide).counts(), (std::vector<std::int64_t>{16}));
}

TEST(row_rule, sees_another_order_through_the_rounding_of_bfloat16) {
  const auto run = [](const at::Tensor& x) { return sum_of(x.to(at::kFloat), x.size(0) < 4).to(at::kBFloat16); };
  EXPECT_EQ(row_rule(run, 256, 32, wide.dtype(at::kBFloat16)).counts().front(), 4);
}

TEST(row_rule, pads_and_cuts_to_the_counts_that_it_has) {
  const auto rule = row_rule([](const at::Tensor& x) { return sum_of(x, x.size(0) < 4); }, 256, 64, wide);
  const auto x = at::randn({150, 256});
  std::vector<std::int64_t> seen;
  const auto run = [&](const at::Tensor& rows) {
    seen.push_back(rows.size(0));
    return rows.sum(1, true);
  };
  EXPECT_TRUE(at::allclose(rule(run, x), x.sum(1, true)));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{64, 64, 24}));
  seen.clear();
  EXPECT_EQ(rule(run, x.narrow(0, 0, 1)).size(0), 1);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{4}));
}

} // namespace
