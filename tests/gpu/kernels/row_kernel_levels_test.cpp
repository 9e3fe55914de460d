// All levels of the instruction set compute the same function.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/kernels/kernel_path.hpp"
#include "gpu/kernels/row_kernels.hpp"

namespace {

using namespace avp;

// Each better level beside the plainest.
class row_kernel_levels_test : public testing::TestWithParam<kernel_path> {
protected:
  void SetUp() override {
    at::manual_seed(5);
    if (!can_run(GetParam()))
      GTEST_SKIP() << "this processor cannot run " << name_of(GetParam());
    plain_ = &row_kernels_of(kernel_path::base);
    better_ = &row_kernels_of(GetParam());
  }

  const row_kernels* plain_ = nullptr;
  const row_kernels* better_ = nullptr;
};

TEST_P(row_kernel_levels_test, norms_and_gates) {
  auto x = at::randn({576}), weight = at::rand({576}), gate_up = at::randn({2 * 77}) * 10;
  auto a = at::empty({576}), b = at::empty({576}), c = at::empty({77}), d = at::empty({77});
  plain_->norm_float(x.data_ptr<float>(), nullptr, weight.data_ptr<float>(), a.data_ptr<float>(), 576, 1e-6F);
  better_->norm_float(x.data_ptr<float>(), nullptr, weight.data_ptr<float>(), b.data_ptr<float>(), 576, 1e-6F);
  EXPECT_TRUE(at::allclose(a, b, 1e-5, 1e-6));
  plain_->gate_float(gate_up.data_ptr<float>(), c.data_ptr<float>(), 77);
  better_->gate_float(gate_up.data_ptr<float>(), d.data_ptr<float>(), 77);
  EXPECT_TRUE(at::allclose(c, d, 1e-5, 1e-6));
}

TEST_P(row_kernel_levels_test, stores_and_attends) {
  const std::int64_t heads = 6, kv_heads = 2, rows = 40;
  for (const std::int64_t dim : {64, 20, 6}) {
    const auto width = (heads + 2 * kv_heads) * dim, head_stride = 2 * block_positions * dim;
    const auto block_stride = kv_heads * head_stride;
    auto qkv = at::randn({rows, width}), angles = at::rand({rows, dim / 2}) * 6;
    auto cos = angles.cos().contiguous(), sin = angles.sin().contiguous();
    const std::vector<std::int32_t> blocks = {1, 0};
    const auto run = [&](const row_kernels& kernels) {
      auto cache = at::zeros({2, block_stride}), queries = at::zeros({rows, heads * dim});
      auto out = at::zeros({rows, heads * dim});
      for (std::int64_t row = 0; row < rows; ++row)
        kernels.rope_store_float_float(qkv[row].data_ptr<float>(), cos[row].data_ptr<float>(),
                                       sin[row].data_ptr<float>(), queries[row].data_ptr<float>(),
                                       cache[blocks[row / block_positions]].data_ptr<float>(), row % block_positions,
                                       block_positions * dim, head_stride, heads, kv_heads, dim);
      const auto group = heads / kv_heads;
      for (std::int64_t head = 0; head < kv_heads; ++head)
        for (std::int64_t first = 0; first < rows * group; first += attention_queries)
          kernels.attend_float_float({queries.data_ptr<float>() + head * group * dim, heads * dim, group, first,
                                      std::min(attention_queries, rows * group - first), 0, blocks.data(),
                                      cache.data_ptr<float>() + head * head_stride, block_stride, block_positions * dim,
                                      dim, out.data_ptr<float>() + head * group * dim, heads * dim});
      return std::make_tuple(cache, queries, out);
    };
    const auto [cache, queries, out] = run(*plain_);
    const auto [cache2, queries2, out2] = run(*better_);
    EXPECT_GT(out.abs().min().item<float>(), 0) << "every row and head has its result";
    EXPECT_TRUE(at::allclose(cache, cache2, 1e-5, 1e-6)) << dim;
    EXPECT_TRUE(at::allclose(queries, queries2, 1e-5, 1e-6)) << dim;
    EXPECT_TRUE(at::allclose(out, out2, 1e-4, 1e-5)) << dim;
  }
}

TEST_P(row_kernel_levels_test, find_the_first_of_the_largest) {
  for (const std::int64_t size : {1, 7, 16, 33, 1000}) {
    auto values = at::randn({size});
    for (const std::int64_t place : {size - 1, size / 2, std::int64_t{0}}) {
      values[place] = 9; // from behind: the first one of several counts
      EXPECT_EQ(better_->first_largest(values.data_ptr<float>(), size), place);
      EXPECT_EQ(plain_->first_largest(values.data_ptr<float>(), size), place);
    }
    auto none = at::full({size}, NAN);
    EXPECT_EQ(better_->first_largest(none.data_ptr<float>(), size), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(levels, row_kernel_levels_test,
                         testing::ValuesIn(all_values<kernel_path>.begin() + 1, all_values<kernel_path>.end()),
                         [](const auto& path) { return std::string(name_of(path.param)); });

// A row that is run again in a chunk has to come out as it did when it was alone.
TEST(row_kernels, a_query_has_its_bits_in_any_tile) {
  at::manual_seed(7);
  constexpr std::int64_t rows = 70, group = 3;
  const std::vector<std::int32_t> blocks = {2, 0, 1};
  for (const auto path : all_values<kernel_path>) {
    if (!can_run(path))
      continue;
    const auto& kernels = row_kernels_of(path);
    for (const std::int64_t dim : {6, 8, 20, 24, 64, 80, 96, 128, 256}) {
      const auto queries = at::randn({rows, group * dim}), cache = at::randn({3, 2 * block_positions * dim});
      const auto short_cache = cache.to(at::kBFloat16);
      const auto in_tiles_of = [&](std::int64_t size, bool is_short) {
        auto out = at::zeros({rows, group * dim});
        for (std::int64_t first = 0; first < rows * group; first += size) {
          const auto count = std::min(size, rows * group - first);
          const void* keys = is_short ? short_cache.const_data_ptr() : cache.const_data_ptr();
          const attention_tile tile{queries.const_data_ptr<float>(),
                                    group * dim,
                                    group,
                                    first,
                                    count,
                                    0,
                                    blocks.data(),
                                    keys,
                                    2 * block_positions * dim,
                                    block_positions * dim,
                                    dim,
                                    out.data_ptr<float>(),
                                    group * dim};
          is_short ? kernels.attend_float_bfloat16(tile) : kernels.attend_float_float(tile);
        }
        return out;
      };
      for (const bool is_short : {false, true}) {
        const auto alone = in_tiles_of(1, is_short);
        for (std::int64_t size = 2; size <= attention_queries; ++size)
          EXPECT_TRUE(at::equal(in_tiles_of(size, is_short), alone))
              << name_of(path) << ", dim " << dim << ", tiles of " << size << (is_short ? ", bfloat16" : "");
      }
    }
  }
}

TEST(row_kernels, describe_distributions) {
  at::manual_seed(6);
  for (const auto path : all_values<kernel_path>) {
    if (!can_run(path))
      continue;
    const auto& kernels = row_kernels_of(path);
    for (const std::int64_t count : {1, 7, 16, 258, 1024, 1030, 49152}) {
      for (const float width : {0.1F, 5.0F, 300.0F}) {
        auto logits = at::randn({count}) * width - 40;
        if (count > 100) {
          logits[3] = -INFINITY;
          logits.narrow(0, 50, 20).fill_(-1e4F);
        }
        const auto logs = at::log_softmax(logits.to(at::kDouble), 0);
        const auto found = kernels.distribution_of(logits.const_data_ptr<float>(), count);
        EXPECT_NEAR(logits[0].item<double>() - found.log_sum, logs[0].item<double>(), 1e-5) << count << " " << width;
        const auto entropy = -(logs.exp() * logs.nan_to_num(0, 0, 0)).sum().item<double>();
        EXPECT_NEAR(found.entropy, entropy, 1e-5) << count << " " << width;
      }
    }
  }
}

} // namespace
