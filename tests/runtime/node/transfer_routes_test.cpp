// Who sends a context to whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/node/transfer_routes.hpp"
#include "tests/runtime/node/noted_port.hpp"
#include "tests/runtime/node/remote_contexts.hpp"

namespace {

using namespace avp;
using namespace avp::test;

class transfer_routes : public testing::Test {
protected:
  cluster_nodes nodes_{{ready_node("b", 1), ready_node("c", 2)}};

  send_order order_to(const std::string& holder) { return {.holder = holder, .ticket = "t", .id = "i", .to = "b"}; }
};

TEST_F(transfer_routes, a_holder_learns_where_the_asking_node_is) {
  const auto& b = *nodes_.find("b");
  auto routed = route_to(b, order_to("c"), nodes_);
  ASSERT_TRUE(routed);
  EXPECT_EQ(routed->holder, nodes_.find("c"));
  EXPECT_EQ(routed->order.endpoint, "tcp://b:1");
  EXPECT_EQ(routed->order.public_key, "key-b");
  EXPECT_EQ(routed->order.ticket, "t");
  EXPECT_FALSE(routed->order.zstd);
  nodes_.find("c")->entry.zstd = true; // either end of the link
  EXPECT_TRUE(route_to(b, order_to("c"), nodes_)->order.zstd);
}

TEST_F(transfer_routes, what_is_here_is_sent_from_here) {
  const auto routed = route_to(*nodes_.find("b"), order_to("local"), nodes_);
  ASSERT_TRUE(routed);
  EXPECT_EQ(routed->holder, nullptr);
  EXPECT_EQ(routed->order.endpoint, "tcp://b:1");
}

TEST_F(transfer_routes, this_process_has_a_name_for_each_node) {
  const auto routed = route_here("own key", order_to("c"), nodes_);
  ASSERT_TRUE(routed);
  EXPECT_EQ(routed->order.to, "local");
  EXPECT_EQ(routed->order.endpoint, "tcp://local-for-c:1");
  EXPECT_EQ(routed->order.public_key, "own key");
}

TEST_F(transfer_routes, a_lost_node_sends_nothing) {
  nodes_.find("c")->stage = node_stage::lost;
  EXPECT_EQ(route_here("", order_to("c"), nodes_).error(), "node 'c', which held it, is lost");
  EXPECT_EQ(route_to(*nodes_.find("b"), order_to("d"), nodes_).error(), "node 'd', which held it, is lost");
}

TEST_F(transfer_routes, contexts_are_where_they_are) {
  const kept_contexts kept;
  const payload here{{}, nullptr};
  const auto held = recipe_with(1), gone = recipe_with(2);
  const auto all = located({here, held_by({"b", 1, 5}, held), held_by({"c", 1, 5}, gone)}, nodes_, kept);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all[0].holder);
  EXPECT_EQ(all[1].history, held);
  EXPECT_EQ(all[1].holder->endpoint, "tcp://b:1");
  EXPECT_EQ(all[2].history, gone);
  EXPECT_FALSE(all[2].holder) << "that session is over";
}

} // namespace
