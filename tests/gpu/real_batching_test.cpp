// Exactness in every weight format on a real model: its shapes, its kernels.
#include <algorithm>
#include <random>

#include "task_chains.hpp"
#include "test_models.hpp"

namespace avp::test {
namespace {

class real_batching : public testing::TestWithParam<weight_format> {
protected:
  static engine make(std::optional<std::int64_t> kv_memory = {}, bool share = true) {
    device_config config;
    config.models.resize(1);
    config.models[0].name = "main";
    config.models[0].source = test_model("smollm2-135m-instruct").string();
    config.models[0].format = GetParam();
    config.kv_memory = kv_memory;
    config.prefix_sharing = share;
    return engine(config);
  }
};

TEST_P(real_batching, answers_do_not_depend_on_company_order_or_memory) {
  auto all = numbers(6);
  auto on = make();
  const auto expected = run(on, all, 1);
  const auto alone = on.counters();
  EXPECT_EQ(run(on, all, 6), expected);
  EXPECT_LT(on.counters().steps - alone.steps, alone.steps / 2);
  std::shuffle(all.begin(), all.end(), std::mt19937(1));
  constexpr std::int64_t block = 30 * 2 * 3 * 64 * block_positions * 2; // 30 layers, 3 key heads of 64 bfloat16 values
  auto small = make(10 * block * (GetParam() == weight_format::float32 ? 2 : 1), false);
  EXPECT_EQ(run(small, all, 5), expected);
  EXPECT_GT(small.counters().contexts_evicted + small.counters().preemptions, 0);
}

INSTANTIATE_TEST_SUITE_P(smollm2, real_batching,
                         testing::Values(weight_format::float32, weight_format::bfloat16, weight_format::native,
                                         weight_format::int8, weight_format::int4));

} // namespace
} // namespace avp::test
