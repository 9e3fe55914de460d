// Blocks, who holds them, and which prompts begin alike.
#include <numeric>
#include <set>
#include <thread>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/cache/sequence.hpp"

namespace {

using namespace avp;

class block_pool_test : public testing::Test {
protected:
  static constexpr std::int64_t blocks = 8;
  std::shared_ptr<block_pool> pool_ = std::make_shared<block_pool>(block_shape{1, 1, 4, at::kFloat}, blocks, at::kCPU);

  sequence with(std::int64_t positions) {
    sequence made(pool_);
    made.extend(positions);
    made.advance(positions);
    return made;
  }

  sequence fork(const sequence& of) { return {pool_, of.blocks(), of.length()}; }

  static std::vector<std::int32_t> tokens(std::int32_t first) {
    std::vector<std::int32_t> made(block_positions);
    std::iota(made.begin(), made.end(), first);
    return made;
  }
};

TEST_F(block_pool_test, gives_every_block_once_and_takes_it_back) {
  {
    auto all = with(blocks * block_positions);
    EXPECT_EQ(std::set<block_id>(all.blocks().begin(), all.blocks().end()).size(), static_cast<std::size_t>(blocks));
    EXPECT_EQ(pool_->available(), 0);
    EXPECT_FALSE(pool_->take().has_value());
    sequence one_more(pool_);
    EXPECT_EQ(one_more.blocks_for(1), 1);
    EXPECT_THROW(one_more.extend(1), std::logic_error);
  }
  EXPECT_EQ(pool_->available(), blocks);
}

TEST_F(block_pool_test, who_goes_on_first_in_a_shared_block_copies_nothing) {
  auto base = with(40); // one block and a quarter
  auto first = fork(base), second = fork(base);
  EXPECT_EQ(pool_->shared(), 2);
  pool_->data().select(0, base.blocks()[1]).fill_(7);
  EXPECT_EQ(first.blocks_for(10), 0);
  first.extend(10);
  first.advance(10);
  EXPECT_EQ(first.blocks(), base.blocks());
  EXPECT_EQ(pool_->counted().copied, 0);

  EXPECT_EQ(second.blocks_for(10), 1);
  second.extend(10);
  second.advance(10);
  EXPECT_EQ(pool_->counted().copied, 1);
  EXPECT_EQ(second.blocks()[0], base.blocks()[0]);
  EXPECT_NE(second.blocks()[1], base.blocks()[1]);
  EXPECT_TRUE(at::equal(pool_->data().select(0, second.blocks()[1]), pool_->data().select(0, base.blocks()[1])));
}

TEST_F(block_pool_test, a_claim_that_was_given_up_binds_nobody) {
  auto base = with(40);
  {
    auto first = fork(base);
    first.extend(10);
  }
  base.extend(5); // its only holder again
  EXPECT_EQ(pool_->counted().copied, 0);
}

TEST_F(block_pool_test, a_sequence_that_is_cut_gives_back_what_it_needs_no_more) {
  auto cut = with(3 * block_positions + 5);
  const auto kept = cut.blocks();
  cut.cut(3 * block_positions + 5);
  EXPECT_EQ(cut.blocks(), kept);
  cut.cut(block_positions + 7);
  EXPECT_EQ(cut.length(), block_positions + 7);
  EXPECT_EQ(pool_->available(), blocks - 2);
  EXPECT_EQ(pool_->claimed(kept[1]), 7) << "another one may go on there";
  cut.extend(block_positions);
  EXPECT_EQ(pool_->available(), blocks - 3);
  cut.cut(0);
  EXPECT_EQ(pool_->available(), blocks);
}

TEST_F(block_pool_test, finds_prompts_that_begin_alike) {
  prefix_id known = 0;
  block_id first = 0;
  {
    auto prompt = with(2 * block_positions);
    first = prompt.blocks()[0];
    known = pool_->publish(first, 0, tokens(1));
    EXPECT_EQ(pool_->publish(prompt.blocks()[1], known, tokens(100)), known + 1);
    EXPECT_FALSE(pool_->find(0, tokens(2)).has_value());
    EXPECT_FALSE(pool_->find(known, tokens(1)).has_value()); // the same words elsewhere
    auto found = pool_->find(0, tokens(1));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, std::pair(first, known));
    EXPECT_EQ(pool_->holders(first), 2);
    pool_->drop(first);
  }
  EXPECT_EQ(pool_->cached(), 2);
  EXPECT_EQ(pool_->available(), blocks);
  auto again = pool_->find(0, tokens(1)); // nobody held it
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(pool_->cached(), 1);
  EXPECT_EQ(pool_->counted().shared_tokens, 2 * block_positions);
  pool_->drop(first);
}

TEST_F(block_pool_test, forgets_the_end_of_an_unused_prefix_first) {
  prefix_id head = 0;
  {
    auto prompt = with(2 * block_positions);
    head = pool_->publish(prompt.blocks()[0], 0, tokens(1));
    (void)pool_->publish(prompt.blocks()[1], head, tokens(100));
  }
  auto others = with((blocks - 1) * block_positions);
  EXPECT_EQ(pool_->cached(), 1);
  EXPECT_FALSE(pool_->find(head, tokens(100)).has_value());
  auto found = pool_->find(0, tokens(1));
  ASSERT_TRUE(found.has_value());
  pool_->drop(found->first);
}

TEST_F(block_pool_test, blocks_can_be_given_back_on_any_thread) {
  auto made = with(3 * block_positions);
  std::thread([&, given = made.release()] { pool_->post(given); }).join();
  EXPECT_EQ(pool_->available(), blocks - 3);
  pool_->drain();
  EXPECT_EQ(pool_->available(), blocks);
}

} // namespace
