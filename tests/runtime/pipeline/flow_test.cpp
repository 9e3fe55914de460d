// Tests of the flow grammar and of what is asked of the graph.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/pipeline/flow.hpp"

namespace avp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

flow good(const std::vector<std::string>& chains) {
  std::vector<flow_mistake> mistakes;
  auto graph = flow::parse(chains, mistakes);
  for (const auto& m : mistakes)
    ADD_FAILURE() << m.message;
  return graph;
}

std::vector<std::string> edges(const flow& graph) {
  std::vector<std::string> result;
  for (const auto& e : graph.edges())
    result.push_back(e.from + ">" + e.to);
  return result;
}

TEST(flow, one_agent_stands_alone) {
  const auto graph = good({"judge"});
  EXPECT_THAT(graph.agents(), ElementsAre("judge"));
  EXPECT_THAT(graph.edges(), IsEmpty());
  EXPECT_THAT(graph.sinks(), ElementsAre("judge"));
  EXPECT_THAT(graph.topological_order(), ElementsAre("judge"));
}

TEST(flow, a_chain) {
  const auto graph = good({"a->b-1 ->\n c_"});
  EXPECT_THAT(edges(graph), ElementsAre("a>b-1", "b-1>c_"));
  EXPECT_THAT(graph.ancestors("c_"), ElementsAre("a", "b-1"));
  EXPECT_EQ(graph.edges()[1].place.offset, 11U);
}

TEST(flow, fan_out_and_fan_in) {
  const auto graph = good({"a -> b, c -> d"});
  EXPECT_THAT(edges(graph), ElementsAre("a>b", "a>c", "b>d", "c>d"));
  EXPECT_THAT(graph.predecessors("d"), ElementsAre("b", "c"));
  EXPECT_THAT(graph.successors("a"), ElementsAre("b", "c"));
  EXPECT_THAT(graph.topological_order(), ElementsAre("a", "b", "c", "d"));
}

TEST(flow, several_strings_are_one_graph_and_order_is_as_written) {
  const auto graph = good({"z -> end", "a -> m -> end", "z -> m"});
  EXPECT_THAT(graph.agents(), ElementsAre("z", "end", "a", "m"));
  EXPECT_THAT(graph.topological_order(), ElementsAre("z", "a", "m", "end"));
  EXPECT_THAT(graph.ancestors("end"), ElementsAre("z", "a", "m"));
  EXPECT_THAT(graph.sinks(), ElementsAre("end"));
}

struct bad_flow {
  std::vector<std::string> chains;
  std::size_t chain;
  std::size_t offset;
  const char* says;
};

class flow_mistakes : public testing::TestWithParam<bad_flow> {};

TEST_P(flow_mistakes, have_a_place_and_a_reason) {
  std::vector<flow_mistake> mistakes;
  (void)flow::parse(GetParam().chains, mistakes);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_THAT(mistakes[0].message, HasSubstr(GetParam().says));
  EXPECT_EQ(mistakes[0].place.chain, GetParam().chain);
  EXPECT_EQ(mistakes[0].place.offset, GetParam().offset);
}

INSTANTIATE_TEST_SUITE_P(
    all, flow_mistakes,
    testing::Values(bad_flow{{""}, 0, 0, "but the string ends"}, bad_flow{{"a", "a ->"}, 1, 4, "but the string ends"},
                    bad_flow{{"a -> , b"}, 0, 5, "expected the name of an agent"},
                    bad_flow{{"a - > b"}, 0, 2, "expected \"->\" or \",\" after \"a\""},
                    bad_flow{{"a b"}, 0, 2, "expected \"->\""}, bad_flow{{"a => b"}, 0, 2, "expected \"->\""},
                    bad_flow{{"-> a"}, 0, 0, "expected the name"},
                    bad_flow{{"a -> 2b"}, 0, 5, "cannot be an agent's name"},
                    bad_flow{{"a -> b", "a -> b"}, 1, 5, "a -> b is there already"},
                    bad_flow{{"a -> b -> a"}, 0, 10, "cycle: a -> b -> a"}, bad_flow{{"a -> a"}, 0, 5, "cycle: a -> a"},
                    bad_flow{{"s -> a -> b -> c", "c -> a", "c -> end"}, 1, 5, "cycle: a -> b -> c -> a"}));

TEST(flow, every_cycle_is_reported) {
  std::vector<flow_mistake> mistakes;
  (void)flow::parse({"a -> b -> a", "c -> d -> c"}, mistakes);
  ASSERT_EQ(mistakes.size(), 2U);
  EXPECT_THAT(mistakes[0].message, HasSubstr("a -> b -> a"));
  EXPECT_THAT(mistakes[1].message, HasSubstr("c -> d -> c"));
}

TEST(flow, an_absurd_fan_out_is_refused) {
  std::string group = "a0";
  for (int i = 1; i < 3000; ++i)
    group += ",a" + std::to_string(i);
  std::vector<flow_mistake> mistakes;
  (void)flow::parse({"s -> " + group + " -> " + group}, mistakes);
  ASSERT_FALSE(mistakes.empty());
  EXPECT_THAT(mistakes[0].message, HasSubstr("at most 4096 hand-overs"));
}

} // namespace
} // namespace avp
