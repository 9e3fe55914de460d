// Exactness in every weight format on a real model: its shapes, its kernels.
#include <algorithm>
#include <random>

#include <ATen/ATen.h>

#include "tests/gpu/engine/task_chains.hpp"
#include "tests/gpu/model/test_models.hpp"

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

// Rows and rotations run again give the same bits in every arithmetic.
TEST_P(real_batching, joined_contexts_come_back_as_they_were) {
  constexpr std::int64_t positions = 384;
  constexpr std::int64_t block = 30 * 2 * 3 * 64 * block_positions * 2;
  auto on = make(positions / block_positions * block * (GetParam() == weight_format::float32 ? 2 : 1));
  const auto ask = [&](auto work) {
    work.model = "main";
    std::optional<result> answer;
    on.submit(work, [&](engine::outcome outcome) { answer = std::get<result>(std::move(outcome)); });
    while (on.step()) {
    }
    return answer.value();
  };
  const auto read = [&](const std::string& text, const payload& context) {
    think work;
    work.messages = {{"user", text}};
    work.context = context;
    work.steps = 2;
    return ask(work).context;
  };
  const auto root = read("Listen.", {});
  join together;
  together.contexts = {read("The left door is red.", root), read("The right door is blue.", root)};
  together.merge = merge::canonical;
  const auto joined = ask(together);
  const auto& context = dynamic_cast<const kv_context&>(*joined.context.body);
  const auto keys = context.keys(29);
  generate last;
  last.messages = {{"user", "What colour is the left door?"}};
  last.context = joined.context;
  last.max_new_tokens = 12;
  last.sampling.temperature = 0;
  const auto expected = ask(last);
  std::string much;
  for (int i = 0; i < 330; ++i)
    much += " a";
  EXPECT_GT(ask([&] {
              think work;
              work.messages = {{"user", much}};
              return work;
            }())
                .context_tokens,
            positions - block_positions);
  ASSERT_FALSE(context.is_resident());
  EXPECT_EQ(ask(last).text, expected.text);
  EXPECT_TRUE(at::equal(context.keys(29), keys));
  EXPECT_GT(on.counters().rows.replayed, 0);
}

INSTANTIATE_TEST_SUITE_P(smollm2, real_batching,
                         testing::Values(weight_format::float32, weight_format::bfloat16, weight_format::native,
                                         weight_format::int8, weight_format::int4));

} // namespace
} // namespace avp::test
