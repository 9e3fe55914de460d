// Tests of how one task goes through a plan: turns, contexts, and who is left out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/flow/task_flow.hpp"
#include "runtime/pipeline/plan.hpp"
#include "tests/agents/fake_device.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using names = std::vector<std::string>;

/// One task through a flow of agents that all make texts. Agents in `lenient` may fail.
class followed {
public:
  followed(const std::vector<std::string>& chains, const std::set<std::string>& lenient, join_way merge,
           mode m = mode::latent) {
    std::vector<flow_mistake> mistakes;
    pipeline_.flow = flow::parse(chains, mistakes);
    pipeline_.models = {{{.name = "main", .source = "x"}}};
    for (const auto& name : pipeline_.flow.agents()) {
      agent_spec spec;
      spec.name = name;
      spec.kind = "generate";
      spec.model = "main";
      spec.merge = merge;
      spec.on_failure = lenient.contains(name) ? on_failure::skip : on_failure::fail;
      pipeline_.agents.push_back(spec);
    }
    pipeline_.output = pipeline_.flow.sinks().front();
    plan_ = make_plan(pipeline_, m, {{"generate"}});
    flow_.emplace(plan_.agents);
  }

  const planned_agent& at(const std::string& name) const { return *plan_.find(name); }

  /// Whose turn it is; what they continue on is taken.
  names turn() {
    names ready;
    for (const auto* agent : flow_->begin_ready()) {
      ready.push_back(agent->name);
      auto& got = given[agent->name];
      for (const auto& context : flow_->take_contexts(*agent))
        got.push_back(text_in(context));
    }
    return ready;
  }

  void done(const std::string& name, std::optional<std::vector<std::string>> to = {}) {
    std::string before;
    for (const auto& one : given[name])
      before += one;
    flow_->done(at(name), {"text of " + name, context_of(before + name), std::move(to)});
  }

  void fail(const std::string& name, error_code code = error_code::internal) {
    flow_->fail(at(name), {code, "broken"});
  }

  /// Why the task failed; empty when it did not.
  std::string error() const { return flow_->why_failed() ? flow_->why_failed()->text : ""; }

  task_flow& flow() { return *flow_; }

  std::map<std::string, std::vector<std::string>> given;

private:
  pipeline pipeline_;
  plan plan_;
  std::optional<task_flow> flow_;
};

const auto apart = join_way::concatenate;
const auto one_cache = join_way::sequence;

TEST(task_flow, one_feeds_many_and_many_feed_one) {
  followed task({"s -> a, b -> j"}, {}, apart);
  EXPECT_THAT(task.turn(), ElementsAre("s"));
  EXPECT_THAT(task.turn(), IsEmpty()) << "each has its turn once";
  task.done("s");
  EXPECT_THAT(task.turn(), ElementsAre("a", "b"));
  task.done("b");
  EXPECT_THAT(task.turn(), IsEmpty());
  task.done("a");
  EXPECT_THAT(task.turn(), ElementsAre("j"));
  EXPECT_THAT(task.given["j"], ElementsAre("sa", "sb"));
  EXPECT_EQ(task.flow().handed_by("s").context_tokens, 2);
  EXPECT_EQ(task.flow().handed_by("a").context_tokens, 2);
  EXPECT_EQ(task.flow().handed_by("j").context_tokens, 0);
  EXPECT_EQ(task.flow().texts().at("a"), "text of a");
  EXPECT_FALSE(task.flow().texts().contains("j"));
}

TEST(task_flow, tells_what_came_from_other_models) {
  pipeline p;
  std::vector<flow_mistake> mistakes;
  p.flow = flow::parse({"a, b -> j"}, mistakes);
  p.models = {{{.name = "main", .source = "x"}}, {{.name = "other", .source = "y"}}};
  for (const auto& name : p.flow.agents()) {
    agent_spec spec;
    spec.name = name;
    spec.kind = "generate";
    spec.model = name == "b" ? "other" : "main";
    spec.cross_model = cross_model::project;
    p.agents.push_back(spec);
  }
  p.output = "j";
  const auto planned = make_plan(p, mode::latent, {{"generate"}});
  task_flow flow(planned.agents);
  EXPECT_EQ(flow.begin_ready().size(), 2U);
  flow.done(*planned.find("a"), {"", context_of("aa")});
  const auto thought = context_of("bbb");
  flow.done(*planned.find("b"), {"", thought});
  EXPECT_EQ(flow.begin_ready().size(), 1U);
  const auto& j = *planned.find("j");
  EXPECT_EQ(flow.take_contexts(j).size(), 2U);
  EXPECT_THAT(flow.foreign_makers(j), ElementsAre("", "b"));
  EXPECT_EQ(flow.handed_by("a").context_tokens, 2);
  EXPECT_EQ(flow.handed_by("b").context_tokens, 0) << "it is not known yet what becomes of it";

  recipe projected, read;
  projected.injected.vectors = {{1, 2, 3}};
  projected.injected.source = history_of(thought)->id();
  projected.injected.facts.entropy = 3;
  read.parents = {std::make_shared<const recipe>(), std::make_shared<const recipe>(projected)};
  const auto received = flow.received(j, &read);
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].from, "b");
  EXPECT_EQ(received[0].facts->entropy, 3);
  EXPECT_EQ(flow.handed_by("b").context_tokens, 1);
  EXPECT_GT(flow.handed_by("b").context_bytes, 12U);
  EXPECT_EQ(flow.received(j, nullptr).at(0).path(), "projection");
}

TEST(task_flow, contexts_are_let_go_when_the_last_reader_has_them) {
  followed task({"s -> a, b -> j"}, {"a"}, apart);
  task.turn();
  auto context = context_of("s");
  const std::weak_ptr<const payload_body> held = context.body;
  task.flow().done(task.at("s"), {"", std::exchange(context, {})});
  EXPECT_FALSE(held.expired());
  task.turn(); // a may fail, so what it was given is kept
  EXPECT_FALSE(held.expired());
  task.done("b");
  task.done("a");
  EXPECT_TRUE(held.expired());
}

TEST(task_flow, a_join_goes_on_with_the_branches_that_are_there) {
  followed task({"s -> a, b, c -> j"}, {"b"}, apart);
  task.turn();
  task.done("s");
  task.turn();
  task.done("a");
  task.fail("b");
  task.done("c");
  EXPECT_THAT(task.turn(), ElementsAre("j"));
  EXPECT_THAT(task.given["j"], ElementsAre("sa", "sc"));
  EXPECT_EQ(task.flow().texts().at("b"), "");
  const auto failures = task.flow().take_failures();
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].agent, "b");
  EXPECT_EQ(failures[0].why.text, "broken");
  EXPECT_THAT(task.flow().take_failures(), IsEmpty());
  EXPECT_EQ(task.error(), "");
}

TEST(task_flow, who_is_left_out_of_a_chain_hands_on_what_it_was_given) {
  followed task({"a -> b -> c"}, {"a", "b"}, apart);
  task.turn();
  task.done("a");
  task.turn();
  task.fail("b");
  EXPECT_THAT(task.turn(), ElementsAre("c"));
  EXPECT_THAT(task.given["c"], ElementsAre("a"));
  EXPECT_EQ(task.flow().handed_by("a").context_tokens, 2) << "to b and to c";

  followed first({"a -> b -> c"}, {"a"}, apart);
  first.turn();
  first.fail("a");
  EXPECT_THAT(first.turn(), ElementsAre("b"));
  EXPECT_THAT(first.given["b"], IsEmpty());
}

TEST(task_flow, a_join_all_of_whose_branches_failed_fails) {
  followed strict({"a, b -> j -> end"}, {"a", "b"}, apart);
  strict.turn();
  strict.fail("a");
  strict.fail("b");
  EXPECT_THAT(strict.turn(), IsEmpty());
  EXPECT_EQ(strict.error(), "agent 'j': nothing is left to join (a: broken; b: broken)");

  followed lenient({"a, b -> j -> end"}, {"a", "b", "j"}, apart);
  lenient.turn();
  lenient.fail("a");
  lenient.fail("b");
  EXPECT_THAT(lenient.turn(), ElementsAre("end"));
  EXPECT_EQ(lenient.flow().take_failures().size(), 3U);
}

TEST(task_flow, a_failure_keeps_its_code) {
  followed join({"a, b -> j"}, {"a", "b"}, apart);
  join.turn();
  join.fail("b", error_code::time_limit);
  join.fail("a", error_code::context_too_long);
  join.turn();
  EXPECT_EQ(join.flow().take_failures().at(0).why.code, error_code::time_limit);
  EXPECT_EQ(join.flow().why_failed()->code, error_code::context_too_long) << "of the first branch";

  followed chain({"a -> b"}, {}, apart);
  chain.turn();
  chain.fail("a", error_code::not_finite);
  EXPECT_EQ(chain.flow().why_failed()->code, error_code::not_finite);

  followed picking({"a -> b"}, {}, apart);
  picking.turn();
  picking.done("a", {{"z"}});
  EXPECT_EQ(picking.flow().why_failed()->code, error_code::agent_failed);
}

TEST(task_flow, what_may_not_fail_fails_the_task) {
  followed task({"a, b -> j"}, {"a", "b", "j"}, apart);
  task.turn();
  task.done("a");
  task.done("b");
  task.turn();
  task.fail("j");
  EXPECT_EQ(task.error(), "agent 'j': broken") << "it answers";
  EXPECT_THAT(task.turn(), IsEmpty());
}

TEST(task_flow, those_who_were_not_picked_are_left_out_and_so_are_those_behind_them) {
  followed task({"s -> a -> x -> j", "s -> b -> j", "s -> c -> j"}, {}, apart);
  task.turn();
  task.done("s", names{"b", "c"});
  EXPECT_THAT(task.turn(), ElementsAre("b", "c"));
  task.done("b");
  task.done("c");
  EXPECT_THAT(task.turn(), ElementsAre("j"));
  EXPECT_THAT(task.given["j"], ElementsAre("sb", "sc"));
  EXPECT_EQ(task.flow().handed_by("s").context_tokens, 2) << "to b and c";
  EXPECT_EQ(task.flow().texts().at("x"), "");
  EXPECT_THAT(task.flow().take_failures(), IsEmpty());
}

TEST(task_flow, the_only_one_picked_failed) {
  followed task({"s -> a, b -> j"}, {"a"}, apart);
  task.turn();
  task.done("s", names{"a"});
  task.turn();
  task.fail("a");
  EXPECT_THAT(task.turn(), IsEmpty());
  EXPECT_EQ(task.error(), "agent 'j': nothing is left to join (a: broken)");
}

TEST(task_flow, a_router_before_the_answering_agent_must_let_it_go_on) {
  followed task({"s -> a, j", "a -> j"}, {}, apart);
  task.turn();
  task.done("s", names{});
  EXPECT_THAT(task.turn(), IsEmpty());
  EXPECT_THAT(task.error(), HasSubstr("'j', which answers, had no turn"));
}

TEST(task_flow, a_shared_cache_goes_round_those_who_are_left_out) {
  followed failing({"s -> a, b, c -> j"}, {"b"}, one_cache);
  failing.turn();
  failing.done("s");
  EXPECT_THAT(failing.turn(), ElementsAre("a"));
  failing.done("a");
  EXPECT_THAT(failing.turn(), ElementsAre("b"));
  failing.fail("b");
  EXPECT_THAT(failing.turn(), ElementsAre("c"));
  EXPECT_THAT(failing.given["c"], ElementsAre("sa"));
  failing.done("c");
  EXPECT_THAT(failing.turn(), ElementsAre("j"));
  EXPECT_THAT(failing.given["j"], ElementsAre("sac"));

  followed routed({"s -> a, b, c -> j"}, {}, one_cache);
  routed.turn();
  routed.done("s", names{"b"});
  EXPECT_THAT(routed.turn(), ElementsAre("b"));
  EXPECT_THAT(routed.given["b"], ElementsAre("s"));
  routed.done("b");
  EXPECT_THAT(routed.turn(), ElementsAre("j"));
  EXPECT_THAT(routed.given["j"], ElementsAre("sb"));
}

TEST(task_flow, a_nested_join_that_failed_hands_its_branches_on) {
  followed task({"a, b -> j -> k -> end"}, {"j"}, apart);
  task.turn();
  task.done("a");
  task.done("b");
  task.turn();
  task.fail("j");
  EXPECT_THAT(task.turn(), ElementsAre("k"));
  EXPECT_THAT(task.given["k"], ElementsAre("a", "b"));
}

TEST(task_flow, picking_strangers_is_a_failure_except_where_nobody_follows) {
  followed task({"a -> b"}, {}, apart);
  task.turn();
  task.done("a", names{"c"});
  EXPECT_EQ(task.error(), "agent 'a': it hands over to 'c', which is no successor of it in the flow");

  followed alone({"a -> b"}, {}, apart, mode::direct);
  EXPECT_THAT(alone.turn(), ElementsAre("b"));
  alone.done("b", names{"a"});
  EXPECT_EQ(alone.error(), "");
}

} // namespace
