// Whether numbers that are not finite are seen, and whether the kernels let them be seen.
#include <cmath>
#include <limits>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/cache/sequence.hpp"
#include "gpu/kernels/finite.hpp"
#include "gpu/kernels/layer_ops.hpp"

namespace {

using namespace avp;
using testing::ElementsAre;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

TEST(finite, one_value_in_any_place_is_enough) {
  for (const std::size_t size : {1U, 7U, 64U, 1153U})
    for (const float broken : {not_a_number, -not_a_number, infinite, -infinite})
      for (std::size_t place = 0; place < size; ++place) {
        std::vector<float> values(size, std::numeric_limits<float>::max());
        values.back() = std::numeric_limits<float>::denorm_min();
        ASSERT_TRUE(all_finite(values));
        values[place] = broken;
        ASSERT_FALSE(all_finite(values)) << broken << " at " << place << " of " << size;
        ASSERT_FALSE(all_finite(at::tensor(values).to(at::kBFloat16)));
      }
  EXPECT_TRUE(all_finite(std::vector<float>()));
  EXPECT_TRUE(all_finite(at::full({3, 5}, 3e38F)));
  EXPECT_FALSE(all_finite(at::full({3, 5}, 3.4e38F).to(at::kBFloat16))) << "more than a bfloat16 can hold";
}

TEST(finite, a_watch_keeps_the_first_stage_of_each_row) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    finite_watch watch(3, 3, at::kCPU);
    auto values = at::ones({3, 40}, dtype);
    values[1][39] = infinite;
    watch.see(values);
    values[0][0] = not_a_number;
    watch.see(values);
    auto some = at::ones({2, 40}, dtype);
    some[1][7] = not_a_number;
    watch.see(some, std::vector<std::int64_t>{0, 2});
    EXPECT_THAT(watch.first_broken(), ElementsAre(1, 0, 2));
  }
}

TEST(finite, the_norm_of_what_overflows_is_no_number) {
  for (const float value : {1e30F, infinite, not_a_number})
    for (const std::int64_t columns : {20, 64, 70}) {
      auto x = at::ones({2, columns});
      x[1][columns - 1] = value;
      auto weight = at::ones({columns});
      for (const auto dtype : {at::kFloat, at::kBFloat16})
        for (auto* norm : {&residual_rms_norm, &aten::residual_rms_norm}) {
          auto copy = x.clone();
          const auto out = norm(copy, {}, weight, 1e-6, dtype);
          EXPECT_TRUE(all_finite(out[0].contiguous()));
          EXPECT_TRUE(out[1].isnan().all().item<bool>());
        }
    }
}

// A key or a query that is no number must not become a weight of nothing.
TEST(finite, attention_to_what_is_no_number_is_no_number) {
  const attention_shape shape{4, 2, 16};
  const std::int64_t rows = 40;
  for (const float value : {not_a_number, infinite, -infinite})
    for (const std::int64_t column : {3, 4 * 16 + 5, 6 * 16 + 7}) // of a query, a key, a value
      for (auto* attend : {&rope_store_attend, &aten::rope_store_attend}) {
        if (column == 4 * 16 + 5 && !std::isnan(value)) // an infinite key may rightly weigh nothing
          continue;
        auto pool = std::make_shared<block_pool>(block_shape{1, 2, 16, at::kFloat}, 4, at::kCPU);
        sequence blocks(pool);
        blocks.extend(rows);
        at::manual_seed(5);
        auto qkv = at::randn({rows, (4 + 2 * 2) * 16});
        qkv[7][column] = value;
        const block_tables tables({{0, rows, 0, blocks.blocks()}}, at::kCPU);
        const auto out = attend(qkv, tables, at::ones({rows, 8}), at::zeros({rows, 8}), shape, pool->data(), 0);
        EXPECT_FALSE(all_finite(out[7].contiguous())) << value << " in column " << column;
      }
}

} // namespace
