// Coroutines of agents.
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "agents/eventually.hpp"

namespace {

using avp::eventually;

// Something to wait for that the test lets go on.
struct gate {
  std::coroutine_handle<> waiting;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) { waiting = handle; }
  void await_resume() const {}
};

eventually<int> plus_one(gate& wait, int value) {
  co_await wait;
  co_return value + 1;
}

eventually<int> plus_two(gate& first, gate& second, int value) {
  const int once = co_await plus_one(first, value);
  co_return co_await plus_one(second, once);
}

eventually<int> fails(gate& wait) {
  co_await wait;
  throw std::runtime_error("no");
}

eventually<std::string> recovers(gate& wait) {
  std::string text;
  try {
    text = std::to_string(co_await fails(wait));
  } catch (const std::runtime_error& error) {
    text = error.what();
  }
  co_return text;
}

eventually<int> at_once(int value) { co_return value; }

eventually<int> sums_many() {
  int sum = 0;
  for (int i = 0; i < 1000; ++i)
    sum += co_await at_once(i);
  co_return sum;
}

TEST(eventually, goes_on_where_it_waited) {
  gate first, second;
  auto work = plus_two(first, second, 5);
  bool done = false;
  work.start([&] { done = true; });
  EXPECT_FALSE(done);
  first.waiting.resume();
  EXPECT_FALSE(done);
  second.waiting.resume();
  ASSERT_TRUE(done);
  EXPECT_EQ(work.take(), 7);
}

TEST(eventually, may_be_done_at_once) {
  auto work = sums_many();
  bool done = false;
  work.start([&] { done = true; });
  ASSERT_TRUE(done);
  EXPECT_EQ(work.take(), 499500);
}

TEST(eventually, carries_exceptions_to_who_takes_it) {
  gate wait;
  auto work = fails(wait);
  work.start([] {});
  wait.waiting.resume();
  EXPECT_THROW(static_cast<void>(work.take()), std::runtime_error);
}

TEST(eventually, carries_exceptions_to_who_awaits_it) {
  gate wait;
  auto work = recovers(wait);
  work.start([] {});
  wait.waiting.resume();
  EXPECT_EQ(work.take(), "no");
}

TEST(eventually, can_be_abandoned_while_it_waits) {
  gate first, second;
  bool done = false;
  {
    auto work = plus_two(first, second, 5);
    work.start([&] { done = true; });
  }
  EXPECT_FALSE(done); // and no memory is lost: the address sanitizer looks
}

} // namespace
