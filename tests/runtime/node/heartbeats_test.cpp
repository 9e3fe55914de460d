// What comes with the heartbeats of nodes.
#include <gtest/gtest.h>

#include "runtime/node/heartbeats.hpp"
#include "tests/runtime/node/noted_port.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using namespace std::chrono_literals;

class heartbeats_test : public testing::Test {
protected:
  heartbeats::clock::time_point now_{1h};
  cluster_nodes nodes_{{ready_node("b", 1), ready_node("c", 2)}};
  noted_port port_;
  cluster_counters counters_{nullptr};
  heartbeats heartbeats_{nodes_, port_, counters_};
  int collected_ = 0;

  void collect() {
    heartbeats_.collect([this] { ++collected_; }, now_);
  }

  void answer(const std::string& node, std::uint64_t number) {
    node_heartbeat heartbeat{.number = number};
    heartbeat.links.push_back({.to = "x", .contexts = 2});
    heartbeats_.take(*nodes_.find(node), heartbeat, now_ + 1ms);
  }
};

TEST_F(heartbeats_test, counters_are_kept_and_the_node_was_heard) {
  heartbeats_.ping(*nodes_.find("b"), now_);
  answer("b", port_.pings.at("b").at(0).number);
  EXPECT_EQ(nodes_.find("b")->heard, now_ + 1ms);
  EXPECT_EQ(counters_.totals().links.at(0).contexts, 2);
}

TEST_F(heartbeats_test, collected_is_what_all_have_told_since_they_were_asked) {
  heartbeats_.ping(*nodes_.find("b"), now_);
  collect();
  EXPECT_EQ(collected_, 0);
  answer("b", port_.pings.at("b").at(0).number); // asked before
  answer("c", port_.pings.at("c").back().number);
  EXPECT_EQ(collected_, 0);
  answer("b", port_.pings.at("b").back().number);
  EXPECT_EQ(collected_, 1);
  answer("b", port_.pings.at("b").back().number);
  EXPECT_EQ(collected_, 1);
}

TEST_F(heartbeats_test, a_lost_node_is_not_waited_for) {
  nodes_.find("c")->stage = node_stage::lost;
  collect();
  EXPECT_FALSE(port_.pings.contains("c"));
  heartbeats_.lose(*nodes_.find("b"));
  EXPECT_EQ(collected_, 1);
  nodes_.find("b")->stage = node_stage::lost;
  collect();
  EXPECT_EQ(collected_, 2);
}

TEST_F(heartbeats_test, a_round_trip_may_take_longer_than_the_time_between_two_pings) {
  collect();
  for (auto& [name, node] : nodes_.all())
    heartbeats_.ping(node, now_);
  answer("b", port_.pings.at("b").at(0).number);
  EXPECT_EQ(collected_, 0);
  answer("c", port_.pings.at("c").at(0).number);
  EXPECT_EQ(collected_, 1);
}

TEST_F(heartbeats_test, a_node_that_is_only_greeted_is_not_waited_for) {
  nodes_.find("c")->stage = node_stage::greeted; // it may be refused
  collect();
  answer("b", port_.pings.at("b").back().number);
  EXPECT_EQ(collected_, 1);
}

TEST_F(heartbeats_test, a_node_that_leaves_is_waited_for) {
  nodes_.find("c")->stage = node_stage::leaving;
  collect();
  answer("b", port_.pings.at("b").back().number);
  EXPECT_EQ(collected_, 0);
  answer("c", port_.pings.at("c").back().number);
  EXPECT_EQ(collected_, 1);
}

TEST_F(heartbeats_test, at_the_end_nobody_waits) {
  collect();
  collect();
  heartbeats_.stop();
  EXPECT_EQ(collected_, 2);
}

} // namespace
