// The actor of node zero, with a test in the place of a node.
#include <chrono>

#include <gmock/gmock.h>

#include "agents/cancellation.hpp"
#include "runtime/node/start_cluster.hpp"
#include "tests/agents/fake_device.hpp"
#include "tests/runtime/node/noted_port.hpp"
#include "tests/runtime/node/remote_contexts.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using namespace std::chrono_literals;

class start_cluster_test : public fake_device_test {
protected:
  std::shared_ptr<context_exchange> exchange_ =
      *context_exchange::start(system_, {.name = "local", .endpoint = "tcp://127.0.0.1:*"});
  cluster_actor cluster_ = start();

  ~start_cluster_test() override {
    self_->monitor(cluster_);
    self_->send_exit(cluster_, caf::exit_reason::user_shutdown);
    self_->receive([](const caf::down_msg&) {}); // it uses the exchange
  }

  // The test is the node 'b', which answers nothing.
  cluster_actor start() {
    auto node = ready_node("b", 1);
    node.heard = std::chrono::steady_clock::now();
    node.actor = caf::actor_cast<node_actor>(self_.ptr());
    return start_cluster(system_, {.nodes = {std::move(node)},
                                   .greetings = {},
                                   .exchange = exchange_,
                                   .counters = std::make_shared<cluster_counters>(nullptr),
                                   .timeout = 60s});
  }

  // Asks for a context that 'b' holds.
  auto gather(const std::shared_ptr<const recipe>& history, const std::string& agent) {
    return self_->request(cluster_, 20s, gather_here{{held_by({"b", 1, 1}, history)}, {device_, "main", 1, agent}});
  }
};

TEST_F(start_cluster_test, a_gatherer_that_dies_fails_what_waits_and_nothing_later) {
  const auto lead = recipe_with('a'), unreadable = recipe_with('b', {lead}), never_sent = recipe_with('c');
  keep_forgetful(exchange_->contexts(), lead);
  auto waiting = gather(never_sent, "critic"), killing = gather(unreadable, "judge");
  const auto expect_failure = [](auto& asked, const std::string& agent) {
    asked.receive([](const gathered_contexts&) { ADD_FAILURE() << "it can't have come"; },
                  [&](const caf::error& why) {
                    EXPECT_EQ(text_of(why), "node 'local' could not gather the contexts of agent '" + agent +
                                                "': what gathers them died (its history is forgotten); it was "
                                                "started anew");
                  });
  };
  expect_failure(waiting, "critic");
  expect_failure(killing, "judge");
  const auto here = recipe_with('d');
  exchange_->contexts().keep(held_by({}, here));
  gather(here, "judge")
      .receive([](const gathered_contexts& came) { EXPECT_FALSE(came.why_not); },
               [](const caf::error& why) { ADD_FAILURE() << text_of(why); });
}

TEST_F(start_cluster_test, a_node_hears_that_a_task_is_cancelled) {
  placed_agent agent{.number = 7, .spec = {}};
  agent.spec.nodes = {"b"};
  hop_input input;
  input.task = std::make_shared<task>();
  input.prompt = std::make_shared<prompt_template>("P");
  input.cancelled = std::make_shared<cancellation>();
  auto hop = self_->request(cluster_, 20s, place_hop{std::make_shared<const placed_agent>(agent), input});
  std::optional<std::uint64_t> ordered, cancelled;
  bool is_over = false;
  self_->receive_while([&] { return !cancelled && !is_over; })(
      [&](const hop_order& order) {
        ordered = order.hop;
        input.cancelled->cancel();
      },
      [&](const cancel_hop& gone) { cancelled = gone.hop; }, [](const agent_order&) {}, [](const node_ping&) {},
      caf::after(20s) >> [&] { is_over = true; });
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled, ordered);
  self_->send(cluster_, hop_report{.hop = *cancelled,
                                   .outcome = hop_outcome::failed,
                                   .error = "it was cancelled",
                                   .error_code = "cancelled"});
  hop.receive([](const hop_output&) { ADD_FAILURE() << "it was not done"; },
              [](const caf::error& why) { EXPECT_EQ(failure_of(why).code, error_code::cancelled); });
}

} // namespace
