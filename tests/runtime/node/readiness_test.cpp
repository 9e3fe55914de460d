// When a run with several nodes can begin.
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/node/readiness.hpp"
#include "tests/runtime/node/noted_port.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class readiness_test : public testing::Test {
protected:
  readiness::clock::time_point now_{1h};
  cluster_nodes nodes_{{ready_node("b", 1), ready_node("c", 2)}};
  cluster_models models_;
  std::optional<nodes_ready> told_;
  readiness readiness_;

  void wait() {
    readiness_.wait([this](nodes_ready outcome) { told_ = std::move(outcome); }, now_ + 5s);
  }
};

TEST_F(readiness_test, all_are_ready) {
  models_.add_local({.name = "main"});
  readiness_.update(nodes_, models_, now_); // nobody waits
  wait();
  EXPECT_TRUE(readiness_.is_awaited());
  readiness_.update(nodes_, models_, now_);
  ASSERT_TRUE(told_);
  EXPECT_THAT(told_->problems, IsEmpty());
  EXPECT_EQ(told_->models.at(0).name, "main");
  EXPECT_FALSE(readiness_.is_awaited());
}

TEST_F(readiness_test, one_that_loads_is_waited_for_however_long_it_takes) {
  nodes_.find("b")->stage = node_stage::greeted;
  wait();
  readiness_.update(nodes_, models_, now_ + 1h);
  EXPECT_FALSE(told_);
  nodes_.find("b")->stage = node_stage::ready;
  readiness_.update(nodes_, models_, now_ + 1h);
  EXPECT_TRUE(told_);
}

TEST_F(readiness_test, one_list_of_all_that_is_wrong) {
  auto& b = *nodes_.find("b");
  b.stage = node_stage::lost;
  b.problem = "nobody is there";
  auto& c = *nodes_.find("c");
  c.stage = node_stage::lost;
  c.missing = {"no model", "no kind"};
  wait();
  readiness_.update(nodes_, models_, now_ + 4s);
  EXPECT_FALSE(told_);
  readiness_.update(nodes_, models_, now_ + 5s);
  ASSERT_TRUE(told_);
  EXPECT_THAT(told_->problems, ElementsAre("node 'b': nobody is there", "node 'c': no model", "node 'c': no kind"));
}

TEST_F(readiness_test, who_waits_in_vain_hears_why) {
  readiness_.fail("nobody waits");
  wait();
  readiness_.fail("it is over");
  ASSERT_TRUE(told_);
  EXPECT_THAT(told_->problems, ElementsAre("it is over"));
}

} // namespace
