// Which context gives up its blocks.
#include <gtest/gtest.h>

#include "gpu/engine/eviction.hpp"
#include "tests/gpu/engine/fake_requests.hpp"

namespace avp::test {
namespace {

class eviction_test : public testing::Test {
protected:
  std::shared_ptr<fake_memory> memory_ = std::make_shared<fake_memory>(16);
  eviction eviction_;

  std::shared_ptr<fake_context> context(std::uint64_t task, std::int64_t blocks = 1) {
    sequence made(memory_);
    made.extend(blocks * block_positions);
    made.advance(blocks * block_positions);
    auto context = std::make_shared<fake_context>(memory_, task, std::vector<fake_row>(), made.release());
    eviction_.add(context);
    return context;
  }
};

TEST_F(eviction_test, takes_the_newest_context_of_the_youngest_task) {
  const auto old = context(1), first = context(3), second = context(3), middle = context(2);
  EXPECT_EQ(eviction_.candidate_for({0, 0}, true), second);
  EXPECT_TRUE(eviction_.evict(*second));
  EXPECT_EQ(eviction_.candidate_for({0, 0}, true), first);
  EXPECT_TRUE(eviction_.evict(*first));
  EXPECT_EQ(eviction_.candidate_for({0, 0}, true), middle);
  EXPECT_EQ(eviction_.count(), 2);
}

TEST_F(eviction_test, spares_older_tasks_unless_the_oldest_request_asks) {
  const auto old = context(1);
  EXPECT_EQ(eviction_.candidate_for({2, 0}, false), nullptr);
  EXPECT_EQ(eviction_.candidate_for({1, 5}, false), old);
  EXPECT_EQ(eviction_.candidate_for({2, 0}, true), old);
}

TEST_F(eviction_test, leaves_what_is_pinned_or_frees_nothing_for_the_last) {
  const auto pinned = context(5), shared = context(4);
  pinned->pinned = true;
  {
    const sequence holder(memory_, shared->blocks(), block_positions);
    EXPECT_EQ(eviction_.candidate_for({0, 0}, true), nullptr);
    EXPECT_EQ(eviction_.last_resort(), pinned);
  }
  EXPECT_EQ(eviction_.candidate_for({0, 0}, true), shared);
}

TEST_F(eviction_test, counts_the_blocks_of_younger_tasks) {
  const auto old = context(1), same = context(2), young = context(3, 2), pinned = context(4, 4);
  pinned->pinned = true;
  EXPECT_EQ(eviction_.blocks_of_younger_than(2), 2);
  EXPECT_EQ(eviction_.blocks_of_younger_than(0), 4);
}

TEST_F(eviction_test, does_not_take_what_is_read) {
  const auto read = context(1);
  read->is_read = true;
  EXPECT_FALSE(eviction_.evict(*read));
  EXPECT_TRUE(read->is_resident());
  EXPECT_EQ(eviction_.count(), 0);
}

} // namespace
} // namespace avp::test
