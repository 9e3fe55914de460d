// Which node is who.
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <gtest/gtest.h>

#include "tests/runtime/node/noted_port.hpp"

namespace {

using namespace avp;
using namespace avp::test;

TEST(cluster_nodes, a_context_is_held_as_long_as_the_session_lasts) {
  cluster_nodes nodes({ready_node("b", 3)});
  EXPECT_EQ(nodes.find("c"), nullptr);
  auto* b = nodes.find("b");
  EXPECT_EQ(nodes.holding({"b", 3, 1}), b);
  EXPECT_EQ(nodes.holding({"b", 2, 1}), nullptr);
  EXPECT_EQ(nodes.holding({"c", 3, 1}), nullptr);
  b->stage = node_stage::leaving;
  EXPECT_EQ(nodes.holding({"b", 3, 1}), b);
  b->stage = node_stage::lost;
  EXPECT_EQ(nodes.holding({"b", 3, 1}), nullptr);
}

TEST(cluster_nodes, nobody_is_a_node_without_an_actor) {
  cluster_nodes nodes({ready_node("b", 3)});
  EXPECT_EQ(nodes.of(caf::actor_addr()), nullptr);
}

} // namespace
