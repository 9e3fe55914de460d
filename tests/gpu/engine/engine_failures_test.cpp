// What is thrown at an engine from outside, and what becomes of its requests when it ends.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gpu/engine/tiny_engine.hpp"
#include "tests/gpu/failing_allocation.hpp"

namespace {

using namespace avp;
using namespace avp::test;

class engine_failures : public tiny_engine_test {};

TEST_F(engine_failures, what_a_callback_throws_fails_its_own_request) {
  auto throwing = generating("hello", 50);
  throwing.on_text = [](std::string_view) { throw 42; };
  auto on = make();
  std::vector<std::string> ends;
  on.submit(throwing, [&](engine::outcome outcome) { ends.push_back(text_of(std::get<caf::error>(outcome))); });
  on.submit(generating("hello", 50), [&](const engine::outcome& outcome) {
    ends.push_back(std::to_string(std::get<result>(outcome).counts.output_tokens));
  });
  drain(on);
  EXPECT_THAT(ends, testing::ElementsAre("something was thrown that is no std::exception", "50"));
}

TEST_F(engine_failures, an_observer_that_throws_ends_nothing) {
  class throwing : public device_observer {
  public:
    void on_step(const step_record&, const device_counters&) override {
      ++told;
      throw std::bad_alloc();
    }
    void on_request(const request_record&, const device_counters&) override { ++told; }
    int told = 0;
  };
  const auto observer = std::make_shared<throwing>();
  auto observed = make({}, observer);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(observed, generating("hello", 5)).counts.output_tokens, 5);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning: what observes the device failed (out of memory); it is told nothing more\n");
  EXPECT_EQ(observer->told, 1);
}

TEST_F(engine_failures, a_request_that_finds_no_memory_is_answered_once_and_leaves_nothing) {
  int answers = 0;
  const engine::callback count = [&](const engine::outcome&) { ++answers; };
  auto on = make();
  bool has_failed = true;
  for (std::int64_t before = 0; has_failed; ++before) {
    SCOPED_TRACE("the allocation after " + std::to_string(before) + " others fails");
    answers = 0;
    engine::work work = generating("hello", 1);
    auto done = count;
    {
      const failing_allocation fails(before);
      on.submit(std::move(work), std::move(done));
      has_failed = fails.has_failed();
    }
    ASSERT_FALSE(answers > 0 && on.step()) << "it is answered and still there";
    drain(on);
    ASSERT_EQ(answers, 1);
  }
}

/// Whether it has nothing more to do after a while.
bool ends(engine& on) {
  for (int steps = 0; steps < 100; ++steps)
    if (!on.step())
      return true;
  return false;
}

class unreadable_body : public payload_body {
public:
  [[nodiscard]] std::uint64_t size() const override { return 4096; }
  void write(std::uint64_t, std::span<std::byte>) const override { throw std::runtime_error("the disk is gone"); }
};

// One that is answered, one that needs bytes which nobody can read, and one that is cancelled.
TEST_F(engine_failures, where_a_step_finds_no_memory_everybody_is_answered_once) {
  auto on = make();
  const auto history = context_of(run(on, thinking("hello", 0))).history();
  const payload lost{run(on, thinking("hello", 0)).context.meta, std::make_shared<unreadable_body>()};
  bool has_failed = true;
  for (std::int64_t before = 0; has_failed; ++before) {
    SCOPED_TRACE("the allocation after " + std::to_string(before) + " others fails");
    std::vector<int> answers(3);
    const auto submit = [&](std::size_t place, engine::work work) {
      on.submit(std::move(work), [&answers, place](const engine::outcome&) { ++answers[place]; });
    };
    const auto ended_before = on.counters().requests_done + on.counters().requests_failed;
    const auto cancelled = thinking("hello", 0);
    submit(0, rebuilding(history)); // whose recipe is there: JSON that is destroyed takes memory or ends the program
    submit(1, adopting(history, {}, lost));
    submit(2, cancelled);
    {
      const failing_allocation fails(before);
      on.cancel(cancelled.id);
      ends(on);
      has_failed = fails.has_failed();
    }
    ASSERT_TRUE(ends(on) && !on.step()) << "there is a request that neither waits nor runs";
    ASSERT_THAT(answers, testing::Each(1));
    ASSERT_EQ(on.counters().requests_done + on.counters().requests_failed, ended_before + 3);
    ASSERT_EQ(on.counters().blocks_used, 0);
  }
}

TEST_F(engine_failures, an_engine_that_ends_answers_everybody) {
  std::vector<std::string> ends;
  {
    auto ending = make();
    const auto note = [&](const engine::outcome& outcome) { ends.push_back(text_of(std::get<caf::error>(outcome))); };
    ending.submit(generating("hello", 100), note);
    EXPECT_TRUE(ending.step());
    ending.submit(generating("hello", 100), note);
    EXPECT_TRUE(ends.empty());
  }
  EXPECT_EQ(ends, std::vector<std::string>(2, "the device ended before the request was done"));
}

} // namespace
