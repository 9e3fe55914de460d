// Tests of the DOT picture of a pipeline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/pipeline/dot.hpp"

namespace avp {
namespace {

using testing::HasSubstr;
using testing::Not;

pipeline fan_in() {
  pipeline p;
  p.name = "a \"b\" \\ c\nd";
  std::vector<flow_mistake> mistakes;
  p.flow = flow::parse({"x-1, y -> judge"}, mistakes);
  p.models = {{{.name = "main", .source = "s"}}};
  for (const auto& name : p.flow.agents()) {
    agent_spec spec;
    spec.name = name;
    spec.kind = name == "judge" ? "generate" : "think";
    spec.model = "main";
    p.agents.push_back(spec);
  }
  p.output = "judge";
  return p;
}

const std::vector<kind_info> drawn_kinds{{"generate", true}, {"think", false}};

TEST(dot, a_fan_in_in_latent_mode) {
  auto p = fan_in();
  p.agents.back().merge = join_way::sequence;
  EXPECT_EQ(to_dot(p, make_plan(p, mode::latent, drawn_kinds)), R"(digraph "a \"b\" \\ c\nd" {
  rankdir=LR;
  node [shape=box, style=rounded];
  "x-1" [label="x-1\nthink\nmain"];
  "y" [label="y\nthink\nmain"];
  "judge" [label="judge\ngenerate\nmain", peripheries=2];
  "x-1" -> "judge" [label="context"];
  "y" -> "judge" [label="context"];
  "x-1" -> "y" [label="continues", style=dashed, constraint=false];
}
)");
}

TEST(dot, joins_cuts_and_who_may_be_left_out) {
  auto p = fan_in();
  p.agents[0].keep = keep::last_agent;
  p.agents[1].on_failure = on_failure::skip;
  p.agents[2].on_failure = on_failure::skip; // it answers, so it can't be left out
  p.agents[2].merge = join_way::canonical;
  const auto dot = to_dot(p, make_plan(p, mode::latent, drawn_kinds));
  EXPECT_THAT(dot, HasSubstr("\"x-1\" [label=\"x-1\\nthink\\nmain\\nkeep: last_agent\"];"));
  EXPECT_THAT(dot, HasSubstr("\"y\" [label=\"y\\nthink\\nmain\", style=\"rounded,dashed\"];"));
  EXPECT_THAT(dot, HasSubstr("\"judge\" [label=\"judge\\ngenerate\\nmain\\nmerge: canonical\", peripheries=2];"));
  EXPECT_THAT(dot, Not(HasSubstr("continues")));
}

TEST(dot, text_and_direct_mode) {
  const auto p = fan_in();
  const auto text = to_dot(p, make_plan(p, mode::text, drawn_kinds));
  EXPECT_THAT(text, HasSubstr("\"y\" -> \"judge\" [label=\"text\"]"));
  EXPECT_THAT(text, HasSubstr("\"y\\ngenerate\\nmain\""));
  EXPECT_THAT(text, Not(HasSubstr("dashed")));
  const auto direct = to_dot(p, make_plan(p, mode::direct, drawn_kinds));
  EXPECT_THAT(direct, Not(HasSubstr("\"y\"")));
  EXPECT_THAT(direct, HasSubstr("peripheries=2"));
}

} // namespace
} // namespace avp
