// Tasks that nobody wants any more, as agents and their device meet them.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>

#include "agents/cancellation.hpp"
#include "tests/agents/fake_device.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::IsEmpty;

class cancellation_test : public fake_device_test {
protected:
  std::shared_ptr<cancellation> task_ = std::make_shared<cancellation>();

  hop_input input() const {
    hop_input hop;
    hop.task = std::make_shared<task>();
    hop.prompt = std::make_shared<prompt_template>("Go");
    hop.makes_text = true;
    hop.cancelled = task_;
    return hop;
  }

  agent_actor start() {
    agent_spec spec;
    spec.name = "a";
    spec.kind = "generate";
    spec.model = "main";
    return start_agent(system_, kinds_, spec, device_);
  }

  template <class Done>
  bool comes_true(Done done) {
    for (int i = 0; i < 20000; ++i) {
      {
        const std::lock_guard lock(log_->mutex);
        if (done())
          return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
};

TEST_F(cancellation_test, what_its_agent_asked_is_given_up) {
  log_->hang = true;
  const auto actor = start();
  self_->send(actor, input());
  ASSERT_TRUE(comes_true([&] { return log_->generated.size() == 1; }));
  EXPECT_THAT(log_->cancelled, IsEmpty());
  EXPECT_FALSE(task_->is_cancelled());
  task_->cancel();
  EXPECT_TRUE(comes_true([&] { return log_->cancelled.size() == 1; }));
  EXPECT_THAT(log_->cancelled, ElementsAre(log_->generated[0].id));
  self_->send_exit(actor, caf::exit_reason::user_shutdown);
}

TEST_F(cancellation_test, a_hop_that_comes_late_is_not_begun) {
  const auto actor = start();
  task_->cancel();
  EXPECT_EQ(code_of(actor, input()), "cancelled");
  EXPECT_THAT(log_->generated, IsEmpty());
  self_->send_exit(actor, caf::exit_reason::user_shutdown);
}

TEST_F(cancellation_test, an_answered_request_is_forgotten_and_a_late_one_given_up_at_once) {
  task_->add(1, device_);
  task_->add(2, device_);
  task_->forget(1);
  task_->cancel();
  task_->add(3, device_);
  task_->cancel(); // again: nothing new
  EXPECT_TRUE(comes_true([&] { return log_->cancelled.size() == 2; }));
  EXPECT_THAT(log_->cancelled, ElementsAre(2U, 3U));
}

TEST_F(cancellation_test, what_is_under_way_elsewhere_is_given_up_once) {
  std::vector<int> given_up;
  task_->add(1, [&] { given_up.push_back(1); });
  task_->add(2, [&] { given_up.push_back(2); });
  task_->forget(1);
  task_->cancel();
  task_->cancel();
  EXPECT_THAT(given_up, ElementsAre(2));
  task_->add(3, [&] { given_up.push_back(3); });
  EXPECT_THAT(given_up, ElementsAre(2, 3));
}

} // namespace
