// The scheduler on requests without a model: its promises in random schedules, and its choices one by one.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gpu/engine/schedule_run.hpp"
#include "tests/gpu/failing_allocation.hpp"

namespace avp::test {
namespace {

class random_schedules : public testing::TestWithParam<schedule_shape> {};

TEST_P(random_schedules, keep_every_promise) {
  std::int64_t preemptions = 0, evictions = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    schedule_run run(GetParam(), seed);
    run.run();
    if (HasFailure())
      return;
    preemptions += run.scheduled().preemptions();
    evictions += run.scheduled().evictions();
  }
  if (GetParam().blocks < 100) { // otherwise there is nothing to see
    EXPECT_GT(preemptions, 20);
    EXPECT_GT(evictions, 20);
  }
}

INSTANTIATE_TEST_SUITE_P(shapes, random_schedules,
                         testing::Values(schedule_shape{.blocks = 9}, schedule_shape{.blocks = 16},
                                         schedule_shape{.blocks = 16, .trouble = 20},
                                         schedule_shape{.blocks = 30, .tasks = 30},
                                         schedule_shape{.blocks = 400, .tasks = 30},
                                         schedule_shape{.blocks = 16, .guesses = 7, .percent_right = 80},
                                         schedule_shape{.blocks = 16, .guesses = 5, .percent_right = 50, .trouble = 20},
                                         schedule_shape{.blocks = 400, .guesses = 7, .percent_right = 90},
                                         schedule_shape{.blocks = 24, .tasks = 8, .most_positions = 700}));

// Whoever loses blocks, waits or is known to others: it is as if nobody guessed.
TEST(guessing_schedules, guesses_that_fail_disturb_nothing) {
  for (const std::int64_t blocks : {9, 16, 400})
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      schedule_run plain({.blocks = blocks}, seed), guessing({.blocks = blocks, .guesses = 7}, seed);
      plain.run();
      guessing.run();
      ASSERT_EQ(guessing.story(), plain.story());
      EXPECT_EQ(plain.guessed(), 0);
      EXPECT_GT(guessing.guessed(), 0);
      EXPECT_EQ(guessing.accepted(), 0);
    }
}

// Such as a model that guesses for another one.
TEST(guessing_schedules, whoever_holds_free_blocks_disturbs_nothing) {
  std::int64_t given_back = 0;
  for (const std::int64_t blocks : {9, 16, 400})
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      schedule_run plain({.blocks = blocks}, seed), lending({.blocks = blocks, .lends = true}, seed);
      plain.run();
      lending.run();
      ASSERT_EQ(lending.story(), plain.story());
      EXPECT_GT(lending.lent(), 0);
      given_back += lending.given_back();
    }
  EXPECT_GT(given_back, 1000);
}

TEST(guessing_schedules, guesses_that_come_true_save_passes) {
  schedule_run plain({.blocks = 400, .tasks = 4}, 3),
      guessing({.blocks = 400, .tasks = 4, .guesses = 7, .percent_right = 100}, 3);
  plain.run();
  guessing.run();
  EXPECT_EQ(guessing.accepted(), guessing.guessed());
  const auto passes = [](const schedule_run& run) { return std::ranges::count(run.story(), '\n'); };
  EXPECT_LT(passes(guessing), passes(plain));
}

class scheduler_test : public testing::Test {
protected:
  static constexpr std::int64_t blocks = 8;
  std::shared_ptr<fake_memory> memory_ = std::make_shared<fake_memory>(blocks);
  scheduler scheduler_{memory_, true};
  std::vector<std::unique_ptr<fake_request>> requests_;

  static std::vector<std::int32_t> prompt(std::int64_t tokens, std::int32_t first) {
    std::vector<std::int32_t> made;
    for (std::int64_t i = 0; i < tokens; ++i)
      made.push_back(first + static_cast<std::int32_t>(i));
    return made;
  }

  fake_request& add(std::uint64_t task, fake_work work) {
    auto made = std::make_unique<fake_request>(priority{task, requests_.size()}, memory_, std::move(work));
    scheduler_.add(*requests_.emplace_back(std::move(made)));
    return *requests_.back();
  }

  fake_request& add(std::uint64_t task, std::int64_t tokens) {
    return add(task, {.prompt = prompt(tokens, 1000 * static_cast<std::int32_t>(requests_.size()))});
  }

  scheduler::pass run_pass() {
    auto pass = scheduler_.next_pass();
    for (const auto& rows : pass.rows)
      for (const auto& request : requests_)
        if (request->priority() == rows.request)
          request->run(rows);
    return pass;
  }

  std::shared_ptr<fake_context> context(std::uint64_t task, std::int64_t tokens) {
    sequence made(memory_);
    made.extend(tokens);
    made.advance(tokens);
    auto context = std::make_shared<fake_context>(
        memory_, task, std::vector<fake_row>(static_cast<std::size_t>(tokens)), made.release());
    scheduler_.watch(context);
    return context;
  }

  static std::vector<std::int64_t> counts_of(const scheduler::pass& pass) {
    std::vector<std::int64_t> counts;
    for (const auto& rows : pass.rows)
      counts.push_back(rows.count);
    return counts;
  }
};

TEST_F(scheduler_test, rows_come_from_all_that_run) {
  add(2, 40);
  add(1, {.prompt = prompt(3, 5), .latent_steps = 2});
  EXPECT_EQ(counts_of(run_pass()), (std::vector<std::int64_t>{3, 40}));
  EXPECT_EQ(counts_of(run_pass()), (std::vector<std::int64_t>{1})); // the other one is done
}

TEST_F(scheduler_test, who_does_not_fit_holds_back_younger_ones) {
  const auto& first = add(1, 6 * block_positions);
  const auto& large = add(2, 4 * block_positions);
  const auto& small = add(3, 10);
  EXPECT_TRUE(run_pass().preempted.empty());
  EXPECT_TRUE(first.is_running());
  EXPECT_FALSE(large.is_running() || small.is_running());
}

TEST_F(scheduler_test, what_others_may_still_take_is_no_room) {
  add(1, {.prompt = prompt(10, 1), .answer = 5 * block_positions});
  const auto& second = add(2, 3 * block_positions);
  EXPECT_TRUE(run_pass().preempted.empty());
  EXPECT_FALSE(second.is_running());
  EXPECT_EQ(memory_->available(), blocks - 1);
}

TEST_F(scheduler_test, an_older_one_takes_the_blocks_of_a_younger) {
  const auto& young = add(2, 6 * block_positions);
  (void)run_pass();
  const auto& old = add(1, 4 * block_positions);
  const auto pass = run_pass();
  EXPECT_THAT(pass.preempted, testing::ElementsAre(young.priority()));
  EXPECT_TRUE(old.is_done());
  EXPECT_FALSE(young.is_running());
}

TEST_F(scheduler_test, who_finds_no_memory_is_queued_or_has_failed) {
  bool has_failed = true;
  for (std::int64_t before = 0; has_failed; ++before) {
    SCOPED_TRACE("the allocation after " + std::to_string(before) + " others fails");
    add(2, 6 * block_positions);
    (void)run_pass();
    add(1, 4 * block_positions);
    scheduler::pass pass;
    {
      const failing_allocation fails(before);
      try {
        pass = scheduler_.next_pass();
      } catch (const std::bad_alloc&) { // the engine fails those that run, and those that wait go on
      }
      has_failed = fails.has_failed();
    }
    EXPECT_EQ(scheduler_.running() + scheduler_.waiting() + std::ssize(pass.failed), 2);
    for (const auto& request : requests_) {
      scheduler_.remove(*request);
      request->release();
    }
    requests_.clear();
  }
}

TEST_F(scheduler_test, a_context_of_a_younger_task_goes_before_a_request) {
  const auto left = context(3, 3 * block_positions);
  const auto& young = add(2, 3 * block_positions);
  (void)run_pass();
  add(1, 4 * block_positions);
  EXPECT_TRUE(run_pass().preempted.empty());
  EXPECT_FALSE(left->is_resident());
  EXPECT_TRUE(young.is_running());
}

TEST_F(scheduler_test, only_the_oldest_takes_contexts_of_older_tasks) {
  const auto left = context(0, 5 * block_positions);
  const auto& first = add(1, 3 * block_positions);
  const auto& second = add(2, 2 * block_positions);
  (void)run_pass();
  EXPECT_TRUE(left->is_resident());
  EXPECT_FALSE(second.is_running());
  EXPECT_TRUE(first.is_done());
  scheduler_.remove(*requests_.front());
  (void)run_pass(); // the first one still holds its blocks
  EXPECT_TRUE(second.is_done());
  EXPECT_FALSE(left->is_resident());
}

TEST_F(scheduler_test, pinned_contexts_go_last) {
  const auto pinned = context(9, 4 * block_positions), other = context(2, 4 * block_positions);
  pinned->pinned = true;
  add(1, 4 * block_positions);
  (void)run_pass();
  EXPECT_TRUE(pinned->is_resident());
  EXPECT_FALSE(other->is_resident());
  add(0, 8 * block_positions);
  (void)run_pass();
  EXPECT_FALSE(pinned->is_resident());
}

TEST_F(scheduler_test, prompts_that_begin_alike_are_read_once) {
  add(1, {.prompt = prompt(70, 1)});
  add(2, {.prompt = prompt(80, 1)});
  EXPECT_EQ(counts_of(run_pass()), (std::vector<std::int64_t>{70}));
  EXPECT_EQ(counts_of(run_pass()), (std::vector<std::int64_t>{80 - 2 * block_positions}));
}

TEST_F(scheduler_test, guesses_come_from_free_blocks_into_passes_of_few_rows) {
  const auto left = context(0, 2 * block_positions);
  auto& guessing = add(1, {.prompt = prompt(30, 5), .answer = 90, .guesses = 20});
  EXPECT_EQ(counts_of(run_pass()), (std::vector<std::int64_t>{30}));
  EXPECT_EQ(counts_of(run_pass()), (std::vector<std::int64_t>{8}));
  EXPECT_EQ(guessing.length(), 31) << "all of them failed";
  EXPECT_EQ(memory_->available(), 5) << "and their block is free";
  const auto others = context(0, 5 * block_positions);
  EXPECT_EQ(counts_of(run_pass()), (std::vector<std::int64_t>{1}));
  EXPECT_TRUE(others->is_resident() && left->is_resident());
}

TEST_F(scheduler_test, guesses_take_no_block_that_others_may_find) {
  add(2, {.prompt = prompt(6 * block_positions + 1, 5)});
  (void)run_pass();
  scheduler_.remove(*requests_.back());
  requests_.pop_back();
  EXPECT_EQ(memory_->cached(), 6);
  add(1, {.prompt = prompt(2 * block_positions - 2, 900), .answer = 90, .guesses = 20});
  (void)run_pass();
  EXPECT_EQ(memory_->cached(), 6);
  EXPECT_EQ(counts_of(run_pass()), (std::vector<std::int64_t>{2})) << "up to the end of its block";
  EXPECT_EQ(memory_->cached(), 6);
}

TEST_F(scheduler_test, one_that_throws_leaves_with_its_blocks_and_no_other_does) {
  const auto& wrong = add(1, {.bytes = std::vector<fake_row>(20), .prompt = prompt(3, 1), .fails = true});
  const auto& right = add(2, 40);
  const auto pass = run_pass();
  ASSERT_EQ(pass.failed.size(), 1U);
  EXPECT_EQ(pass.failed.front().first, wrong.priority());
  EXPECT_TRUE(right.is_done());
  EXPECT_EQ(scheduler_.running(), 1);
  EXPECT_EQ(memory_->total() - memory_->available(), 2);
}

} // namespace
} // namespace avp::test
