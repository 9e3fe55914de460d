// Many requests at once: the same answers as alone, whatever the company, the order and the memory.
#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/device_error.hpp"
#include "gpu/engine/engine.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/gpu/engine/task_chains.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using namespace avp;
using namespace avp::test;

class batching : public testing::TestWithParam<weight_format> {
protected:
  temporary_folder folder_;

  engine make(std::optional<std::int64_t> positions = {}, bool share = true) {
    device_config config;
    config.models = {write_model(runnable_gguf(), folder_.path() / "tiny.gguf", GetParam())};
    config.prefix_sharing = share;
    if (positions) { // blocks of 2 layers, 2 key heads of 8 values
      const std::int64_t element = GetParam() == weight_format::float32 ? 4 : 2;
      config.kv_memory = *positions / block_positions * (2 * 2 * 2 * 8 * block_positions * element);
    }
    return engine(config);
  }
};

TEST_P(batching, answers_do_not_depend_on_company_order_or_memory) {
  const auto all = numbers(24);
  auto alone = make();
  const auto expected = run(alone, all, 1);
  EXPECT_LT(alone.counters().rows.decode, 24 * 25);

  auto together = make();
  EXPECT_EQ(run(together, all, 24), expected);
  const auto counted = together.counters();
  EXPECT_GT(static_cast<double>(counted.rows.total()) / static_cast<double>(counted.steps), 8.0);
  EXPECT_GT(counted.shared_tokens, 0);
  EXPECT_LT(counted.steps, alone.counters().steps / 4);

  auto shuffled = all;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(1));
  auto seven = make();
  EXPECT_EQ(run(seven, shuffled, 7), expected);

  auto unshared = make({}, false);
  EXPECT_EQ(run(unshared, all, 24), expected);
  EXPECT_EQ(unshared.counters().shared_tokens, 0);

  auto small = make(448); // two tasks at most
  EXPECT_EQ(run(small, all, 24), expected);
  EXPECT_GT(small.counters().contexts_evicted + small.counters().preemptions, 0);
  EXPECT_GT(small.counters().rows.replayed, 0);
}

TEST_P(batching, prompts_share_blocks_only_within_their_scope) {
  auto on = make();
  const auto rows_of = [&on](std::optional<std::int64_t> scope) {
    think request;
    request.model = "main";
    request.messages = {{"user", std::string(100, 'x')}};
    request.prefix_scope = scope;
    counts counted;
    on.submit(request, [&](const engine::outcome& outcome) { counted = std::get<result>(outcome).counts; });
    while (on.step()) {
    }
    return std::pair(counted.computed_tokens, counted.prompt_tokens);
  };
  const auto [first, all] = rows_of(0);
  EXPECT_EQ(first, all);
  EXPECT_LT(rows_of(0).first, all);
  EXPECT_EQ(rows_of(7).first, all);
  EXPECT_LT(rows_of(7).first, all);
  EXPECT_EQ(rows_of({}).first, all);
  EXPECT_EQ(rows_of({}).first, all);
}

TEST_P(batching, prompts_that_come_together_and_begin_alike_read_it_once) {
  const auto run_all = [](engine& on) {
    std::vector<result> results(4);
    for (std::size_t i = 0; i < results.size(); ++i) {
      generate request;
      request.model = "main";
      request.max_new_tokens = 4;
      std::string text(200, 'x');
      text.append(" and now ").append(std::to_string(i)).append(40, 'y');
      request.messages = {{"user", text}};
      request.prefix_scope = 0;
      on.submit(request, [&results, i](const engine::outcome& outcome) { results[i] = std::get<result>(outcome); });
    }
    while (on.step()) {
    }
    return results;
  };
  auto shared = make();
  auto unshared = make({}, false);
  const auto expected = run_all(unshared);
  const auto results = run_all(shared);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& counted = results[i].counts;
    EXPECT_EQ(results[i].text, expected[i].text);
    EXPECT_EQ(counted.prompt_tokens, expected[i].counts.prompt_tokens);
    EXPECT_LE(counted.computed_tokens, counted.prompt_tokens - (i == 0 ? 0 : 200 / block_positions * block_positions));
  }
  EXPECT_EQ(results[0].counts.computed_tokens, results[0].counts.prompt_tokens);
  EXPECT_LE(shared.counters().steps, unshared.counters().steps); // though three of them wait for one pass
}

TEST_P(batching, all_memory_comes_back) {
  auto on = make();
  (void)run(on, numbers(10), 10);
  EXPECT_FALSE(on.step()); // contexts are dropped between steps, and taken back at the next one
  EXPECT_EQ(on.counters().blocks_used, 0);
}

INSTANTIATE_TEST_SUITE_P(formats, batching,
                         testing::Values(weight_format::float32, weight_format::bfloat16, weight_format::int8),
                         [](const auto& format) {
                           return std::string(format.param == weight_format::float32    ? "float32"
                                              : format.param == weight_format::bfloat16 ? "bfloat16"
                                                                                        : "int8");
                         });

class scheduling : public testing::Test {
protected:
  temporary_folder folder_;

  model_spec spec(const std::string& name = "main", std::uint64_t seed = 7) {
    auto made = write_model(runnable_gguf("qwen2", seed), folder_.path() / (name + ".gguf"));
    made.name = name;
    return made;
  }

  static engine::work answer(const std::string& text, int tokens, request_id id = 0,
                             const std::string& model = "main") {
    generate work;
    work.id = id;
    work.model = model;
    work.messages = {{"user", text}};
    work.max_new_tokens = tokens;
    work.sampling.temperature = 0;
    return work;
  }
};

TEST_F(scheduling, a_request_that_can_never_fit_is_refused_with_the_numbers) {
  device_config config;
  config.models = {spec()};
  config.kv_memory = 4 * 2 * 2 * 2 * 8 * block_positions * 4; // four blocks
  engine small(config);
  std::string why;
  small.submit(answer("hello", 300), [&](engine::outcome outcome) { why = text_of(std::get<caf::error>(outcome)); });
  EXPECT_THAT(why, testing::HasSubstr("has room for 128"));
  EXPECT_THAT(why, testing::HasSubstr("kv_memory"));
  EXPECT_FALSE(small.step());
  EXPECT_EQ(small.counters().requests_failed, 1);
}

TEST_F(scheduling, cancelling_frees_at_once) {
  device_config config;
  config.models = {spec()};
  engine on(config);
  on.submit(answer("hello", 200, 42), [](const engine::outcome&) {});
  for (int i = 0; i < 50; ++i)
    on.step();
  EXPECT_GT(on.counters().blocks_used, 1);
  on.cancel(42);
  EXPECT_EQ(on.counters().blocks_used, 0);
}

TEST_F(scheduling, two_models_take_turns) {
  device_config config;
  config.models = {spec("first"), spec("second", 9)};
  engine on(config);
  std::vector<std::string> ends;
  for (const std::string name : {"first", "second"})
    for (int i = 0; i < 3; ++i)
      on.submit(answer("hello", 40, next_request_id(), name),
                [&ends, name](const engine::outcome&) { ends.push_back(name); });
  for (int i = 0; i < 30; ++i)
    on.step();
  EXPECT_EQ(on.counters().requests_running, 6); // neither waits for the other to end
  while (on.step()) {
  }
  EXPECT_EQ(ends.size(), 6U);
}

TEST_F(scheduling, a_long_prompt_does_not_hold_up_those_who_decode) {
  auto gguf = runnable_gguf();
  gguf.u32("qwen2.context_length", 8192);
  device_config config;
  config.models = {write_model(gguf, folder_.path() / "long.gguf")};
  engine on(config);
  int pieces = 0;
  auto streaming = std::get<generate>(answer("hello", 100));
  streaming.on_text = [&](std::string_view) { ++pieces; };
  on.submit(streaming, [](const engine::outcome&) {});
  for (int i = 0; i < 10; ++i)
    on.step();
  const int before = pieces;
  bool read = false;
  on.submit(answer(std::string(5000, 'x'), 1), [&](const engine::outcome&) { read = true; });
  int passes = 0;
  while (!read && on.step())
    ++passes;
  EXPECT_GT(passes, 15); // in chunks
  EXPECT_GT(pieces - before, passes / 2);
}

// Contexts held between hops pin memory too; the device takes them back from the youngest task, and builds them anew.
TEST_F(scheduling, contexts_between_hops_give_way_and_come_back) {
  device_config config;
  config.models = {spec()};
  config.kv_memory = 8 * 2 * 2 * 2 * 8 * block_positions * 4; // eight blocks
  engine on(config);
  std::vector<payload> held;
  for (std::uint64_t task = 0; task < 6; ++task) {
    think work;
    work.task = task;
    work.model = "main";
    work.messages = {{"user", std::string(60, static_cast<char>('a' + task))}};
    work.steps = 4;
    on.submit(work, [&](engine::outcome outcome) { held.push_back(std::get<result>(outcome).context); });
    while (on.step()) {
    }
  }
  ASSERT_EQ(held.size(), 6U);
  EXPECT_GT(on.counters().contexts_evicted, 0);
  std::vector<std::string> texts(6);
  for (std::uint64_t task = 0; task < 6; ++task) {
    auto work = std::get<generate>(answer("and?", 10));
    work.task = task;
    work.context = held[task];
    if (task % 2 == 1) // its first token comes from the state behind the last position
      work.messages.clear();
    on.submit(work, [&, task](engine::outcome outcome) { texts[task] = std::get<result>(outcome).text; });
  }
  while (on.step()) {
  }
  device_config plenty;
  plenty.models = {spec()};
  engine large(plenty);
  for (std::uint64_t task = 0; task < 6; ++task) {
    think work;
    work.model = "main";
    work.messages = {{"user", std::string(60, static_cast<char>('a' + task))}};
    work.steps = 4;
    payload context;
    large.submit(work, [&](engine::outcome outcome) { context = std::get<result>(outcome).context; });
    while (large.step()) {
    }
    auto last = std::get<generate>(answer("and?", 10));
    last.context = context;
    if (task % 2 == 1)
      last.messages.clear();
    std::string text;
    large.submit(last, [&](engine::outcome outcome) { text = std::get<result>(outcome).text; });
    while (large.step()) {
    }
    EXPECT_EQ(texts[task], text) << task;
  }
}

// Contexts that lie in the same blocks give them back only together.
TEST_F(scheduling, contexts_that_share_all_their_blocks_give_way) {
  device_config config;
  config.models = {spec()};
  config.kv_memory = 4 * 2 * 2 * 2 * 8 * block_positions * 4; // four blocks
  engine on(config);
  think first;
  first.model = "main";
  first.messages = {{"user", "x"}};
  payload one, other;
  on.submit(first, [&](engine::outcome outcome) { one = std::get<result>(outcome).context; });
  while (on.step()) {
  }
  auto more = std::get<generate>(answer("", 2));
  more.messages.clear();
  more.context = one;
  on.submit(more, [&](engine::outcome outcome) { other = std::get<result>(outcome).context; });
  while (on.step()) {
  }
  ASSERT_EQ(on.counters().blocks_used, 1);
  bool answered = false;
  on.submit(answer("hello", 90),
            [&](const engine::outcome& outcome) { answered = std::holds_alternative<result>(outcome); });
  int passes = 0;
  while (on.step())
    ASSERT_LT(++passes, 10000) << "no end";
  EXPECT_TRUE(answered);
  EXPECT_EQ(on.counters().contexts_evicted, 2);
}

} // namespace
