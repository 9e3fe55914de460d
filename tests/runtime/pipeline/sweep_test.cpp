// Sweeps: what the sizes of a pipeline look like, {{earlier}}, and every mistake with its place.
#include "runtime/pipeline/run_stage.hpp"
#include "runtime/pipeline/sweep.hpp"
#include "tests/runtime/pipeline/pipeline_text.hpp"

namespace avp {
namespace {

using test::good;
using test::kinds;
using test::mistakes_of;
using test::replaced;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::string agents = R"(
[model.main]
source = "smollm2-135m-instruct"
[agent.planner]
kind = "think"
prompt = "Plan: {{question}}"
[agent.critic]
kind = "think"
steps = 7
prompt = "Check."
text_prompt = "{{earlier}} Check."
[agent.judge]
kind = "generate"
prompt = "Answer: {{question}}"
text_prompt = "So far: {{earlier}} Answer: {{question}}"
direct_prompt = "{{question}}"
)";

const std::string swept_chain = "flow = [\"planner -> critic -> judge\"]" + agents;

const std::string hops = swept_chain + R"([sweep]
over = "hops"
repeat = "critic"
from = 2
to = 4
)";

/// `a>b` for every hand-over.
std::vector<std::string> edges_of(const pipeline& p) {
  std::vector<std::string> result;
  for (const auto& edge : p.flow.edges())
    result.push_back(edge.from + ">" + edge.to);
  return result;
}

TEST(earlier, stands_for_the_texts_of_all_agents_before) {
  const auto p = good(swept_chain);
  EXPECT_EQ(p.agent("critic").text_prompt, "planner:\n{{planner}} Check.");
  EXPECT_EQ(p.agent("judge").text_prompt, "So far: planner:\n{{planner}}\n\ncritic:\n{{critic}} Answer: {{question}}");
}

TEST(earlier, needs_agents_that_have_texts) {
  EXPECT_THAT(mistakes_of(replaced(swept_chain, "Plan: ", "{{earlier}} ")),
              ElementsAre("p.toml:6:11: {{earlier}} has no text: no agent comes before \"planner\""));
}

TEST(earlier, a_thinking_agent_has_no_text_in_latent_mode) {
  EXPECT_THAT(mistakes_of(replaced(swept_chain, "\"Answer: ", "\"See {{earlier}}. ")),
              Contains(StartsWith("p.toml:14:15: {{planner}} has no text in latent mode")));
}

TEST(earlier, direct_mode_has_none) {
  EXPECT_THAT(mistakes_of(replaced(swept_chain, "direct_prompt = \"", "direct_prompt = \"{{earlier}} ")),
              ElementsAre("p.toml:16:18: {{earlier}} has no text: in direct mode \"judge\" runs alone"));
}

TEST(earlier, is_no_agent) {
  const auto text = replaced(replaced(swept_chain, "agent.planner", "agent.earlier"), "[\"planner ", "[\"earlier ");
  EXPECT_THAT(mistakes_of(text), Contains(StartsWith("p.toml:4:8: no agent can be called \"earlier\"")));
}

TEST(sweep, hops_grow_the_chain) {
  const auto p = good(hops);
  EXPECT_THAT(p.sweep->values, ElementsAre(2, 3, 4));
  EXPECT_THAT(p.modes, ElementsAre(mode::latent, mode::text));
  EXPECT_THAT(edges_of(at_size(p, 2)), ElementsAre("planner>judge"));
  EXPECT_THAT(edges_of(at_size(p, 3)), ElementsAre("planner>critic_1", "critic_1>judge"));
  const auto four = at_size(p, 4);
  EXPECT_THAT(four.flow.topological_order(), ElementsAre("planner", "critic_1", "critic_2", "judge"));
  EXPECT_EQ(four.agent("critic_2").steps, 7);
  EXPECT_EQ(four.agent("critic_1").text_prompt, "planner:\n{{planner}} Check.");
  EXPECT_EQ(four.agent("critic_2").text_prompt, "planner:\n{{planner}}\n\ncritic_1:\n{{critic_1}} Check.");
  EXPECT_THAT(four.agent("judge").text_prompt.value(), HasSubstr("critic_2:\n{{critic_2}} Answer"));
  EXPECT_EQ(four.output, "judge");
}

TEST(sweep, branches_stand_side_by_side) {
  const auto p = good(replaced(replaced(hops, "\"hops\"", "\"branches\""), "from = 2", "from = 1"));
  EXPECT_THAT(p.sweep->values, ElementsAre(1, 2, 3, 4));
  const auto two = at_size(p, 2);
  EXPECT_THAT(edges_of(two), ElementsAre("planner>critic_1", "planner>critic_2", "critic_1>judge", "critic_2>judge"));
  EXPECT_EQ(two.agent("critic_2").text_prompt, "planner:\n{{planner}} Check.");
}

TEST(sweep, agents_beside_the_chain_keep_their_place) {
  const auto p = good(replaced(hops, "-> judge\"]", "-> judge\", \"planner -> judge\"]"));
  EXPECT_THAT(edges_of(at_size(p, 2)), ElementsAre("planner>judge"));
  EXPECT_THAT(edges_of(at_size(p, 4)),
              ElementsAre("planner>critic_1", "critic_2>judge", "planner>judge", "critic_1>critic_2"));
}

TEST(sweep, the_joining_agent_may_say_how_it_merges) {
  const auto text = replaced(hops, "direct_prompt", "merge = \"sequence\"\ndirect_prompt");
  good(replaced(text, "\"hops\"", "\"branches\""));
  EXPECT_THAT(mistakes_of(text), ElementsAre(HasSubstr("\"merge\" is for an agent that several others hand over to")));
}

TEST(sweep, stages_are_points) {
  const auto stages = run_stages(good(hops), kinds);
  ASSERT_THAT(stages, SizeIs(9));
  EXPECT_EQ(stages[0].point, (sweep_point{sweep_over::hops, 2, sweep_series::latent}));
  EXPECT_EQ(stages[5].point, (sweep_point{sweep_over::hops, 3, sweep_series::text_unshared}));
  EXPECT_EQ(stages[5].plan.mode, mode::text);
  EXPECT_THAT(stages[5].plan.agents, SizeIs(3));
  EXPECT_THAT(stages[8].pipeline->agents, SizeIs(4));
  const auto modes = run_stages(good(swept_chain, {.kinds = kinds, .modes = modes_named("all")}), kinds);
  ASSERT_THAT(modes, SizeIs(3));
  EXPECT_FALSE(modes[0].point);
}

TEST(sweep, mode_on_the_command_line_leaves_its_series) {
  const auto p = good(hops, {.kinds = kinds, .modes = modes_named("text")});
  EXPECT_THAT(p.sweep->series, ElementsAre(sweep_series::text, sweep_series::text_unshared));
  EXPECT_THAT(p.modes, ElementsAre(mode::text));
  EXPECT_THAT(mistakes_of(hops, {.kinds = kinds, .modes = modes_named("direct")}),
              ElementsAre("--mode: [sweep] has no series of that mode"));
}

TEST(sweep, values_in_place_of_a_range) {
  const auto p =
      good(replaced(hops, "from = 2\nto = 4", "values = [2, 4, 9]\nseries = [\"text_unshared\", \"direct\"]"));
  EXPECT_THAT(p.sweep->values, ElementsAre(2, 4, 9));
  EXPECT_THAT(p.modes, ElementsAre(mode::text, mode::direct));
  EXPECT_THAT(good(replaced(hops, "to = 4", "to = 9\nstep = 3")).sweep->values, ElementsAre(2, 5, 8));
}

/// The mistakes of a sweep with these lines.
std::vector<std::string> mistakes_with(const std::string& lines) {
  return mistakes_of(swept_chain + "[sweep]\n" + lines);
}

TEST(sweep, mistakes_are_told_all_at_once) {
  EXPECT_THAT(
      mistakes_with("over = \"hop\"\nrepeat = \"critik\"\nfrom = 4\nto = 2\nseries = [\"latent\", \"txt\"]\nstp = 1\n"),
      ElementsAre("p.toml:18:1: \"over\" must be \"hops\", \"branches\" or \"prompt_tokens\", found the string \"hop\"",
                  "p.toml:19:1: there is no agent \"critik\" in the flow; did you mean \"critic\"?",
                  "p.toml:21:1: a sweep has 3 to 100 values of n, found 0",
                  "p.toml:22:21: there is no series \"txt\"; did you mean \"text\"?",
                  "p.toml:23:1: unknown key \"stp\" in [sweep]; did you mean \"step\"?"));
  EXPECT_THAT(mistakes_with(""), ElementsAre(StartsWith("p.toml:17:2: [sweep] needs \"over\""),
                                             StartsWith("p.toml:17:2: [sweep] needs the sizes of n"),
                                             StartsWith("p.toml:17:2: [sweep] needs \"repeat\"")));
}

TEST(sweep, sizes_that_do_not_fit) {
  const std::string head = "over = \"hops\"\nrepeat = \"critic\"\n";
  EXPECT_THAT(
      mistakes_with(head + "values = [1, 2, 3]\n"),
      ElementsAre("p.toml:20:1: n counts all agents, and 2 stand beside \"critic\", so it must be at least that"));
  EXPECT_THAT(mistakes_with(head + "values = [2, 4, 3]\n"), ElementsAre("p.toml:20:1: \"values\" must rise"));
  EXPECT_THAT(mistakes_with(head + "values = [2, 3]\n"), ElementsAre(HasSubstr("3 to 100 values of n, found 2")));
  EXPECT_THAT(mistakes_with(head + "from = 2\nto = 900\n"), ElementsAre(HasSubstr("3 to 100 values of n, found more")));
  EXPECT_THAT(mistakes_with(head + "values = [2, 3, 4]\nto = 8\n"), ElementsAre(HasSubstr("given twice")));
  EXPECT_THAT(mistakes_with(head + "values = [2, 3, \"x\"]\n"),
              ElementsAre("p.toml:20:17: \"values[2]\" must be a whole number, 1 to 1000, found the string \"x\""));
}

TEST(sweep, what_cannot_be_repeated) {
  const std::string tail = "from = 2\nto = 4\n";
  EXPECT_THAT(mistakes_with("over = \"hops\"\nrepeat = \"judge\"\n" + tail),
              Contains("p.toml:19:1: \"judge\" must stand between other agents to be repeated"));
  EXPECT_THAT(mistakes_of(replaced(hops, "So far: {{earlier}}", "So far: {{critic}}")),
              ElementsAre(HasSubstr("the sweep makes copies of \"critic\", so {{critic}} is no one agent's text")));
  EXPECT_THAT(
      mistakes_of(replaced(replaced(hops, "agent.planner", "agent.critic_7"), "[\"planner", "[\"critic_7")),
      ElementsAre("p.toml:4:8: the sweep calls its copies critic_1, critic_2, …; give \"critic_7\" another name"));
  EXPECT_THAT(mistakes_with("over = \"prompt_tokens\"\nrepeat = \"critic\"\nfield = \"question\"\n" + tail),
              ElementsAre(StartsWith("p.toml:19:1: \"repeat\" is for sweeps over hops and branches")));
}

TEST(sweep, what_does_not_go_with_the_run) {
  EXPECT_THAT(mistakes_of("mode = \"all\"\n" + hops),
              ElementsAre("p.toml:1:1: a sweep runs the modes of its series; leave \"mode\" out"));
  EXPECT_THAT(mistakes_of(hops, {.kinds = kinds, .ask = true}),
              ElementsAre(StartsWith("--ask: a pipeline with a [sweep]")));
  const std::string tokens = "over = \"prompt_tokens\"\nvalues = [10, 20, 30]\n";
  EXPECT_THAT(mistakes_with(tokens), ElementsAre(StartsWith("p.toml:17:2: [sweep] needs \"field\"")));
  EXPECT_THAT(
      mistakes_of(swept_chain + "[sweep]\n" + tokens + "field = \"question\"\n", {.kinds = kinds, .input = "-"}),
      ElementsAre(HasSubstr("must be a file, not standard input")));
  EXPECT_THAT(mistakes_of(replaced(hops, "repeat =", "field = \"question\"\nrepeat =")),
              ElementsAre(HasSubstr("\"field\" is for sweeps over prompt_tokens")));
}

} // namespace
} // namespace avp
