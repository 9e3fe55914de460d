// All levels of the instruction set compute the same function.
#include <map>
#include <span>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/kernels/kernel_path.hpp"
#include "gpu/kernels/row_kernels.hpp"
#include "transport/sha256.hpp"

namespace {

using namespace avp;

float usual_scale(std::int64_t dim) { return 1.0F / std::sqrt(static_cast<float>(dim)); }

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
  for (const auto gate : {&row_kernels::silu_gate_float, &row_kernels::gelu_gate_float}) {
    (plain_->*gate)(gate_up.data_ptr<float>(), c.data_ptr<float>(), 77);
    (better_->*gate)(gate_up.data_ptr<float>(), d.data_ptr<float>(), 77);
    EXPECT_TRUE(at::allclose(c, d, 1e-5, 1e-6));
  }
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
        kernels.rope_store_float_float({qkv[row].data_ptr<float>(), cos[row].data_ptr<float>(),
                                        sin[row].data_ptr<float>(), queries[row].data_ptr<float>(),
                                        cache[blocks[row / block_positions]].data_ptr<float>(), row % block_positions,
                                        block_positions * dim, head_stride, heads, kv_heads, dim, dim / 2,
                                        usual_scale(dim)});
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

TEST_P(row_kernel_levels_test, softmax_of_scores) {
  for (const std::int64_t size : {1, 7, 16, 33, 1024, 1030, 49152}) {
    auto scores = at::randn({size}) * 20, out = at::empty({size});
    scores[size / 2] = -INFINITY;
    scores[size - 1] = 3;
    for (const auto* kernels : {plain_, better_}) {
      kernels->softmax(scores.data_ptr<float>(), out.data_ptr<float>(), size);
      EXPECT_TRUE(at::allclose(out.to(at::kDouble), at::softmax(scores.to(at::kDouble), 0), 1e-5, 1e-30)) << size;
      EXPECT_NEAR(out.sum(at::kDouble).item<double>(), 1, 1e-6);
    }
    scores[0] = NAN;
    better_->softmax(scores.data_ptr<float>(), out.data_ptr<float>(), size);
    EXPECT_TRUE(out.isnan().all().item<bool>());
  }
}

// Values between -2 and 2 that are the same on every machine.
std::vector<float> known_values(std::size_t count, std::uint32_t seed) {
  std::vector<float> values(count);
  for (auto& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<std::int32_t>(seed) >> 8) / 4194304.0F;
  }
  return values;
}

std::string short_digest(const auto& values) {
  return sha256_hex({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0])}).substr(0, 12);
}

// What the kernels of a level make of known values, a digest for each.
std::map<std::string, std::string> results_of(const row_kernels& kernels) {
  constexpr std::int64_t columns = 1000, heads = 6, kv_heads = 2, group = heads / kv_heads, rows = 40;
  std::map<std::string, std::string> digests;
  const auto weight = known_values(columns, 2), gate_up = known_values(2 * columns, 3);
  auto x = known_values(columns, 1);
  std::vector<float> out(columns);
  kernels.norm_float(x.data(), nullptr, weight.data(), out.data(), columns, 1e-6F);
  digests["norm"] = short_digest(out);
  kernels.silu_gate_float(gate_up.data(), out.data(), columns);
  digests["gate"] = short_digest(out);
  kernels.gelu_gate_float(gate_up.data(), out.data(), columns);
  digests["gelu gate"] = short_digest(out);
  auto scores = known_values(5003, 4);
  for (auto& score : scores)
    score *= 30;
  std::vector<float> p(scores.size());
  kernels.softmax(scores.data(), p.data(), static_cast<std::int64_t>(p.size()));
  digests["softmax"] = short_digest(p);
  const std::vector<std::int32_t> blocks = {1, 0};
  for (const std::int64_t dim : {64, 20}) {
    const auto head_stride = 2 * block_positions * dim;
    std::vector<std::uint16_t> cache(static_cast<std::size_t>(2 * kv_heads * head_stride));
    std::vector<float> queries(rows * heads * dim);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto qkv = known_values((heads + 2 * kv_heads) * dim, 5 + row), angles = known_values(dim, 99 + row);
      kernels.rope_store_float_bfloat16(
          {qkv.data(), angles.data(), angles.data() + dim / 2, queries.data() + row * heads * dim,
           cache.data() + blocks[row / block_positions] * kv_heads * head_stride, row % block_positions,
           block_positions * dim, head_stride, heads, kv_heads, dim, dim / 2, usual_scale(dim)});
    }
    const auto attend = [&](std::int64_t window) {
      std::vector<float> attended(queries.size());
      for (std::int64_t head = 0; head < kv_heads; ++head)
        for (std::int64_t first = 0; first < rows * group; first += attention_queries)
          kernels.attend_float_bfloat16({queries.data() + head * group * dim, heads * dim, group, first,
                                         std::min(attention_queries, rows * group - first), 0, blocks.data(),
                                         cache.data() + head * head_stride, kv_heads * head_stride,
                                         block_positions * dim, dim, attended.data() + head * group * dim, heads * dim,
                                         window});
      return attended;
    };
    digests["windows " + std::to_string(dim)] = short_digest(attend(11));
    const auto attended = attend(0);
    digests["cache " + std::to_string(dim)] = short_digest(cache);
    digests["queries " + std::to_string(dim)] = short_digest(queries);
    digests["attention " + std::to_string(dim)] = short_digest(attended);
  }
  return digests;
}

// Written down, so that machines of one level each are compared, too.
TEST(row_kernels, levels_that_fuse_give_the_same_bits) {
  const std::map<std::string, std::string> known = {
      {"norm", "2f0dde42ee54"},      {"gate", "4dd37509ebaf"},       {"softmax", "1ff1b78cc1c4"},
      {"gelu gate", "a45f72e8d971"}, {"windows 64", "f32bf57e0b3a"}, {"windows 20", "0d4cd92e405f"},
      {"cache 64", "96c860eee5c6"},  {"queries 64", "9b0f4b2c5011"}, {"attention 64", "5b4e44ff38dc"},
      {"cache 20", "1bad64ead3d2"},  {"queries 20", "265c81856e45"}, {"attention 20", "fd09dcae8192"},
  };
  for (const auto path : all_values<kernel_path>) {
    if (path == kernel_path::base || !can_run(path))
      continue;
    EXPECT_EQ(results_of(row_kernels_of(path)), known) << name_of(path);
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
      const auto in_tiles_of = [&](std::int64_t size, bool is_short, std::int64_t window) {
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
                                    group * dim,
                                    window};
          is_short ? kernels.attend_float_bfloat16(tile) : kernels.attend_float_float(tile);
        }
        return out;
      };
      for (const bool is_short : {false, true}) {
        const auto all_seen = in_tiles_of(1, is_short, 0);
        EXPECT_TRUE(at::equal(in_tiles_of(1, is_short, rows), all_seen)) << "a window that is wide enough";
        for (const std::int64_t window : {0, 1, 20, 33}) {
          const auto alone = window == 0 ? all_seen : in_tiles_of(1, is_short, window);
          EXPECT_EQ(at::equal(alone, all_seen), window == 0);
          for (std::int64_t size = 2; size <= attention_queries; ++size)
            EXPECT_TRUE(at::equal(in_tiles_of(size, is_short, window), alone))
                << name_of(path) << ", dim " << dim << ", tiles of " << size << ", window " << window
                << (is_short ? ", bfloat16" : "");
        }
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
