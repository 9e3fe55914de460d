// Hops on other nodes: where they go, and what becomes of them.
#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/cancellation.hpp"
#include "runtime/node/placed_hops.hpp"
#include "runtime/node/recipe_bundle.hpp"
#include "tests/runtime/node/noted_port.hpp"
#include "tests/runtime/node/remote_contexts.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class placed_hops_test : public testing::Test {
protected:
  using outcome = tl::expected<hop_output, failure>;

  cluster_nodes nodes_{{ready_node("b", 1), ready_node("c", 2)}};
  noted_port port_;
  cluster_counters counters_{nullptr};
  std::vector<context_holder> dropped_;
  placed_hops hops_{{.nodes = &nodes_,
                     .port = &port_,
                     .counters = &counters_,
                     .kept = std::make_shared<kept_contexts>(),
                     .wait = 10s,
                     .cancelled = [this](std::uint64_t hop) { hops_.cancel(hop); },
                     .dropped = [this](const context_holder& gone) { dropped_.push_back(gone); }}};
  std::map<std::string, outcome> outcomes_;
  std::string words_;
  std::function<void(std::string_view)> hear_ = [this](std::string_view text) { words_ += text; };
  std::shared_ptr<const placed_agent> agent_ = agent_on({"b", "c"});
  std::shared_ptr<cancellation> cancelled_ = std::make_shared<cancellation>(); // of all tasks

  static std::shared_ptr<const placed_agent> agent_on(std::vector<std::string> nodes) {
    placed_agent agent{.number = 7, .spec = {}};
    agent.spec.name = "judge";
    agent.spec.nodes = std::move(nodes);
    return std::make_shared<const placed_agent>(std::move(agent));
  }

  void place(const std::string& id, std::vector<payload> contexts = {}, bool hands_on = false) {
    auto made = std::make_shared<task>();
    made->id = id;
    hop_input input;
    input.task = made;
    input.prompt = std::make_shared<prompt_template>("P");
    input.contexts = std::move(contexts);
    input.hands_on = hands_on;
    input.cancelled = cancelled_;
    input.on_text = [this](std::string_view text) { hear_(text); };
    hops_.place(agent_, std::move(input), [this, id](outcome came) { outcomes_.emplace(id, std::move(came)); });
  }

  void report(const std::string& node, hop_report what) { hops_.take(*nodes_.find(node), what); }

  void lose(const std::string& name) {
    auto& node = *nodes_.find(name);
    node.stage = node_stage::lost;
    node.problem = "it is gone";
    node.hops = 0;
    hops_.lose(name, node.session);
  }

  void come_back(const std::string& name, std::uint64_t session) {
    auto& node = *nodes_.find(name);
    node.stage = node_stage::ready;
    node.session = session;
    node.told.clear();
    hops_.begin_waiting();
  }
};

TEST_F(placed_hops_test, they_go_where_the_fewest_are) {
  place("t1");
  place("t2");
  place("t3");
  EXPECT_EQ(port_.hops["b"].size(), 2U);
  EXPECT_EQ(port_.hops["c"].size(), 1U);
  EXPECT_EQ(port_.agents["b"].size(), 1U) << "a node is told of an agent once";
  EXPECT_EQ(port_.agents["c"].at(0).agent, 7U);
  report("b", {.hop = port_.hops["b"].at(0).hop, .text = "fine"});
  EXPECT_EQ(outcomes_.at("t1")->output.text, "fine");
  EXPECT_EQ(outcomes_.at("t1")->node, "b");
  EXPECT_EQ(nodes_.find("b")->hops, 1U);
  EXPECT_EQ(outcomes_.size(), 1U);
}

TEST_F(placed_hops_test, among_equals_it_is_the_holder_of_the_context) {
  const auto history = recipe_with(1);
  place("t1", {held_by({"c", 2, 4}, history)});
  const auto& order = port_.hops["c"].at(0);
  EXPECT_EQ(order.contexts.at(0).id, history->id());
  EXPECT_EQ(order.contexts.at(0).holder, "c");
  EXPECT_EQ(order.recipes, encode_with_ancestors({history}));
  place("t2", {held_by({"c", 1, 4}, history)}); // of a session that is over
  EXPECT_EQ(port_.hops["b"].at(0).contexts.at(0).holder, "");
}

TEST_F(placed_hops_test, a_lost_node_s_hops_begin_anew_elsewhere) {
  place("t1");
  lose("b");
  EXPECT_EQ(port_.hops["c"].size(), 1U);
  const auto id = port_.hops["c"].at(0).hop;
  report("b", {.hop = id, .text = "too late"});
  EXPECT_TRUE(outcomes_.empty());
  report("c", {.hop = id, .text = "fine"});
  EXPECT_EQ(outcomes_.at("t1")->output.text, "fine");
  EXPECT_EQ(outcomes_.at("t1")->retries, 1);
}

TEST_F(placed_hops_test, without_a_node_they_wait) {
  lose("b");
  lose("c");
  place("t1");
  EXPECT_TRUE(port_.hops.empty());
  come_back("c", 5);
  EXPECT_EQ(port_.hops["c"].size(), 1U);
  lose("c");
  hops_.give_up_waiting(placed_hops::clock::now() + 9s);
  EXPECT_TRUE(outcomes_.empty());
  hops_.give_up_waiting(placed_hops::clock::now() + 11s);
  EXPECT_EQ(outcomes_.at("t1").error().text,
            "none of its nodes (b, c) was there within node_wait: b: it is gone; c: it is gone");
}

TEST_F(placed_hops_test, a_hop_that_its_nodes_do_not_survive_is_given_up) {
  agent_ = agent_on({"b"});
  place("t1");
  for (std::uint64_t session = 10; outcomes_.empty() && session < 100; ++session) {
    lose("b");
    if (outcomes_.empty())
      come_back("b", session);
  }
  EXPECT_EQ(outcomes_.at("t1").error().text, "its node was lost 11 times while it had this task");
  EXPECT_EQ(outcomes_.at("t1").error().code, error_code::node_lost);
}

TEST_F(placed_hops_test, a_node_that_refuses_is_leaving) {
  place("t1");
  report("b", {.hop = port_.hops["b"].at(0).hop, .outcome = hop_outcome::refused});
  EXPECT_EQ(nodes_.find("b")->stage, node_stage::leaving);
  EXPECT_EQ(port_.hops["c"].size(), 1U);
}

TEST_F(placed_hops_test, a_failure_is_the_task_s) {
  place("t1");
  report("b", {.hop = port_.hops["b"].at(0).hop,
               .outcome = hop_outcome::failed,
               .error = "it can't",
               .error_code = "time_limit"});
  EXPECT_EQ(outcomes_.at("t1").error().text, "it can't");
  EXPECT_EQ(outcomes_.at("t1").error().code, error_code::time_limit);
  EXPECT_TRUE(port_.hops["c"].empty());
}

TEST_F(placed_hops_test, a_node_is_told_that_a_task_is_cancelled_and_reports) {
  place("t1");
  place("t2");
  const auto id = port_.hops["b"].at(0).hop;
  report("c", {.hop = port_.hops["c"].at(0).hop, .text = "fine"});
  cancelled_->cancel();
  EXPECT_THAT(port_.cancelled["b"], ElementsAre(id));
  EXPECT_TRUE(port_.cancelled["c"].empty()) << "its hop was over";
  EXPECT_FALSE(outcomes_.contains("t1"));
  report("b", {.hop = id, .outcome = hop_outcome::failed, .error = "it was", .error_code = "cancelled"});
  EXPECT_EQ(outcomes_.at("t1").error().code, error_code::cancelled);
  EXPECT_EQ(nodes_.find("b")->hops, 0U);
}

TEST_F(placed_hops_test, a_cancelled_task_s_hop_does_not_begin) {
  place("t1");
  lose("c");
  agent_ = agent_on({"c"});
  place("t2");
  cancelled_->cancel();
  EXPECT_EQ(outcomes_.at("t2").error().code, error_code::cancelled) << "it waited for a node";
  place("t3");
  EXPECT_EQ(outcomes_.at("t3").error().code, error_code::cancelled);
  come_back("c", 5);
  lose("b");
  EXPECT_EQ(outcomes_.at("t1").error().code, error_code::cancelled) << "its node was lost";
  EXPECT_TRUE(port_.hops["c"].empty());
}

TEST_F(placed_hops_test, words_are_told_once) {
  place("t1");
  const auto id = port_.hops["b"].at(0).hop;
  hops_.take(*nodes_.find("b"), words_report{id, "one "});
  hops_.take(*nodes_.find("c"), words_report{id, "from nowhere"});
  lose("b");
  hops_.take(*nodes_.find("c"), words_report{id, "on"});
  hops_.take(*nodes_.find("c"), words_report{id, "e two"});
  EXPECT_EQ(words_, "one two");
}

TEST_F(placed_hops_test, who_throws_at_words_gets_no_more_of_them_and_the_hop_goes_on) {
  place("t1");
  const auto id = port_.hops["b"].at(0).hop;
  hear_ = [](std::string_view) { throw 7; }; // not even an exception of the standard library
  hops_.take(*nodes_.find("b"), words_report{id, "one "});
  hear_ = [this](std::string_view text) { words_ += text; };
  hops_.take(*nodes_.find("b"), words_report{id, "two"});
  EXPECT_EQ(words_, "");
  report("b", {.hop = id, .text = "one two"});
  ASSERT_TRUE(outcomes_.at("t1"));
  EXPECT_EQ(outcomes_.at("t1")->output.text, "one two");
}

TEST_F(placed_hops_test, a_context_is_held_there_until_nobody_needs_it) {
  const auto parent = recipe_with(1), made = recipe_with(2, {parent});
  place("t1", {held_by({"b", 1, 4}, parent)}, true);
  const auto id = port_.hops["b"].at(0).hop;
  report("b", {.hop = id, .context = made->id(), .recipes = {made->encode()}, .context_bytes = 5});
  {
    const auto output = std::move(outcomes_.at("t1"));
    outcomes_.clear();
    const auto* remote = remote_in(output->output.context);
    ASSERT_NE(remote, nullptr);
    EXPECT_EQ(remote->history()->id(), made->id());
    EXPECT_EQ(remote->holder(), (context_holder{"b", 1, id}));
    EXPECT_TRUE(dropped_.empty());
  }
  EXPECT_THAT(dropped_, ElementsAre(context_holder{"b", 1, id}));
}

TEST_F(placed_hops_test, a_context_without_its_recipe_can_t_be_used) {
  place("t1");
  const auto id = port_.hops["b"].at(0).hop;
  report("b", {.hop = id, .context = "nothing"});
  EXPECT_THAT(outcomes_.at("t1").error().text, HasSubstr("node 'b' sent a context that can't be used"));
  EXPECT_EQ(port_.dropped["b"].at(0).hop, id);
}

TEST_F(placed_hops_test, what_came_as_bytes_does_not_travel) {
  place("t1", {payload{}});
  EXPECT_EQ(outcomes_.at("t1").error().text, "it was handed a context without a body");
}

} // namespace
