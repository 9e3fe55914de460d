// Tests of plans: who runs as what, after whom, and on whose context.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/pipeline/plan.hpp"

namespace avp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<kind_info> planned_kinds{{"generate", true}, {"muse", false}, {"sums", true}, {"think", false}};

/// A pipeline with that flow: sinks generate, all others think; everyone runs on "main".
pipeline thinking(const std::vector<std::string>& chains) {
  pipeline p;
  std::vector<flow_mistake> mistakes;
  p.flow = flow::parse(chains, mistakes);
  EXPECT_TRUE(mistakes.empty());
  p.models = {{{.name = "main", .source = "x"}}, {{.name = "twin", .source = "x"}}, {{.name = "other", .source = "y"}}};
  for (const auto& name : p.flow.agents()) {
    agent_spec spec;
    spec.name = name;
    spec.kind = p.flow.successors(name).empty() ? "generate" : "think";
    spec.model = "main";
    spec.prompt = "{{question}}";
    p.agents.push_back(spec);
  }
  p.output = p.flow.sinks().front();
  return p;
}

agent_spec& spec_of(pipeline& p, const std::string& name) {
  for (auto& spec : p.agents)
    if (spec.name == name)
      return spec;
  throw std::out_of_range(name);
}

/// `b<a` for every agent b that continues a's context, `c<a+b` for one that joins, `a` for one that starts from
/// nothing, in the order planned.
std::vector<std::string> contexts(const plan& planned) {
  std::vector<std::string> result;
  for (const auto& agent : planned.agents) {
    result.push_back(agent.name);
    for (const auto& from : agent.contexts_from)
      result.back() += (from == agent.contexts_from.front() ? "<" : "+") + from;
  }
  return result;
}

/// The same with merge "sequence" at every agent.
pipeline in_sequence(pipeline p) {
  for (auto& spec : p.agents)
    spec.merge = join_way::sequence;
  return p;
}

TEST(plan, a_chain_in_latent_mode) {
  const auto planned = make_plan(thinking({"a -> b -> c"}), mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b<a", "c<b"));
  EXPECT_EQ(planned.find("a")->kind, "think");
  EXPECT_FALSE(planned.find("a")->makes_text);
  EXPECT_TRUE(planned.find("c")->makes_text);
  EXPECT_THAT(planned.find("c")->after, ElementsAre("b"));
  EXPECT_EQ(planned.edges.size(), 2U);
  EXPECT_EQ(planned.edges[0].how, hand_over::context);
  EXPECT_EQ(planned.output, "c");
  EXPECT_THAT(planned.fields, ElementsAre("question"));
  EXPECT_THAT(planned.notes, IsEmpty());
  EXPECT_EQ(planned.find("nobody"), nullptr);
}

TEST(plan, a_note_is_the_text_of_one_that_thinks) {
  auto p = thinking({"a -> b -> c"});
  spec_of(p, "a").note = spec_of(p, "c").note = 16;
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b<a", "c<b"));
  EXPECT_EQ(planned.find("a")->kind, "think");
  EXPECT_TRUE(planned.find("a")->makes_text);
  EXPECT_FALSE(planned.find("b")->makes_text);
  EXPECT_EQ(make_plan(p, mode::text, planned_kinds).find("a")->kind, "generate");
  spec_of(p, "b").model = "other";
  EXPECT_EQ(make_plan(p, mode::latent, planned_kinds).find("a")->kind, "generate") << "b can read words alone";
  spec_of(p, "c").kind = "think";
  EXPECT_FALSE(make_plan(p, mode::latent, planned_kinds).find("c")->makes_text) << "a note is no answer";
}

TEST(plan, text_mode_lets_everyone_answer) {
  auto p = thinking({"a -> b -> c"});
  spec_of(p, "b").kind = "muse";
  spec_of(p, "c").text_prompt = "{{b}} {{a}} {{hint}}";
  spec_of(p, "c").system = "Be {{tone}}.";
  const auto planned = make_plan(p, mode::text, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b", "c"));
  EXPECT_EQ(planned.find("a")->kind, "generate");
  EXPECT_EQ(planned.find("b")->kind, "muse");
  EXPECT_TRUE(planned.find("b")->makes_text);
  EXPECT_EQ(planned.find("a")->choice, prompt_choice::prompt);
  EXPECT_EQ(planned.find("c")->choice, prompt_choice::text_prompt);
  EXPECT_EQ(planned.find("c")->prompt, "{{b}} {{a}} {{hint}}");
  EXPECT_THAT(planned.find("c")->texts, ElementsAre("a", "b"));
  EXPECT_THAT(planned.find("c")->after, ElementsAre("b"));
  EXPECT_THAT(planned.fields, ElementsAre("hint", "question", "tone"));
  EXPECT_EQ(planned.edges[1].how, hand_over::text);
  EXPECT_THAT(missing_fields(planned, {"question", "tone", "x"}), ElementsAre("hint"));
}

TEST(plan, direct_mode_runs_the_answering_agent_alone) {
  auto p = thinking({"a -> b -> c"});
  auto planned = make_plan(p, mode::direct, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("c"));
  EXPECT_EQ(planned.agents[0].choice, prompt_choice::prompt);
  EXPECT_THAT(planned.agents[0].after, IsEmpty());
  EXPECT_THAT(planned.edges, IsEmpty());
  p.output = "a";
  spec_of(p, "a").direct_prompt = "Just {{q}}";
  planned = make_plan(p, mode::direct, planned_kinds);
  EXPECT_EQ(planned.agents[0].kind, "generate") << "a think agent that answers alone";
  EXPECT_EQ(planned.agents[0].prompt, "Just {{q}}");
  EXPECT_THAT(planned.fields, ElementsAre("q"));
}

TEST(plan, an_agent_knows_those_before_and_behind_it) {
  auto p = thinking({"s -> a, b -> j"});
  spec_of(p, "a").on_failure = on_failure::skip;
  spec_of(p, "j").on_failure = on_failure::skip;
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(planned.find("s")->to, ElementsAre("a", "b"));
  EXPECT_EQ(planned.find("s")->readers, 2U);
  EXPECT_THAT(planned.find("j")->from, ElementsAre("a", "b"));
  EXPECT_EQ(planned.find("j")->readers, 0U);
  EXPECT_TRUE(planned.find("a")->may_fail);
  EXPECT_FALSE(planned.find("b")->may_fail);
  EXPECT_TRUE(planned.find("j")->answers_task);
  EXPECT_FALSE(planned.find("j")->may_fail) << "what answers may not";
  const auto alone = make_plan(p, mode::direct, planned_kinds);
  EXPECT_THAT(alone.find("j")->from, IsEmpty()) << "those before it do not run";
}

TEST(plan, in_sequence_a_context_has_one_reader) {
  const auto planned = make_plan(in_sequence(thinking({"s -> a, b -> j"})), mode::latent, planned_kinds);
  EXPECT_EQ(planned.find("s")->readers, 1U);
  EXPECT_THAT(planned.find("s")->to, ElementsAre("a", "b"));
}

TEST(plan, a_fan_out_forks_the_context) {
  const auto planned = make_plan(thinking({"s -> a, b"}), mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("s", "a<s", "b<s"));
  EXPECT_THAT(planned.find("b")->after, ElementsAre("s"));
}

TEST(plan, a_fan_in_joins_branches_that_run_side_by_side) {
  const auto diamond = make_plan(thinking({"s -> a, b -> judge"}), mode::latent, planned_kinds);
  EXPECT_THAT(contexts(diamond), ElementsAre("s", "a<s", "b<s", "judge<a+b"));
  EXPECT_THAT(diamond.find("b")->after, ElementsAre("s"));
  EXPECT_THAT(diamond.find("judge")->after, ElementsAre("a", "b"));
  EXPECT_FALSE(diamond.find("judge")->in_sequence);
  EXPECT_THAT(diamond.notes, IsEmpty());

  const auto written = make_plan(thinking({"s -> z, a", "a -> judge", "z -> judge"}), mode::latent, planned_kinds);
  EXPECT_THAT(contexts(written), ElementsAre("s", "z<s", "a<s", "judge<a+z")) << "the order is that of the file";
}

TEST(plan, levels_and_shortcuts_of_joins) {
  EXPECT_THAT(contexts(make_plan(thinking({"a, b -> j", "c, d -> k", "j, k -> end"}), mode::latent, planned_kinds)),
              ElementsAre("a", "b", "j<a+b", "c", "d", "k<c+d", "end<j+k"));
  EXPECT_THAT(contexts(make_plan(thinking({"s -> a -> j", "s -> j"}), mode::latent, planned_kinds)),
              ElementsAre("s", "a<s", "j<a+s"));
  auto p = thinking({"a, b -> j", "b, c -> k"});
  p.output = "j";
  EXPECT_THAT(contexts(make_plan(p, mode::latent, planned_kinds)), ElementsAre("a", "b", "j<a+b", "c", "k<b+c"));
}

TEST(plan, merge_sequence_runs_branches_one_after_another) {
  const auto two = make_plan(in_sequence(thinking({"a, b -> judge"})), mode::latent, planned_kinds);
  EXPECT_THAT(contexts(two), ElementsAre("a", "b<a", "judge<b"));
  EXPECT_THAT(two.find("b")->after, ElementsAre("a"));
  EXPECT_THAT(two.find("judge")->after, ElementsAre("a", "b"));
  EXPECT_FALSE(two.find("a")->in_sequence);
  EXPECT_TRUE(two.find("b")->in_sequence);
  EXPECT_TRUE(two.find("judge")->in_sequence);

  const auto diamond = make_plan(in_sequence(thinking({"s -> a, b -> judge"})), mode::latent, planned_kinds);
  EXPECT_THAT(contexts(diamond), ElementsAre("s", "a<s", "b<a", "judge<b"));

  const auto written =
      make_plan(in_sequence(thinking({"s -> z -> judge", "s -> a -> judge"})), mode::latent, planned_kinds);
  EXPECT_THAT(contexts(written), ElementsAre("s", "z<s", "a<z", "judge<a")) << "the order is that of the file";

  const auto in_text = make_plan(in_sequence(thinking({"a, b -> judge"})), mode::text, planned_kinds);
  EXPECT_THAT(in_text.find("b")->after, IsEmpty()) << "branches run side by side in text mode";
}

TEST(plan, long_branches_and_nested_sequences_share_one_cache) {
  const auto planned = make_plan(in_sequence(thinking({"s -> a -> b -> j", "s -> c -> j", "j -> d, e -> end"})),
                                 mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("s", "a<s", "b<a", "c<b", "j<c", "d<j", "e<d", "end<e"));
}

TEST(plan, sequences_with_common_ancestors_share_one_cache) {
  auto p = in_sequence(thinking({"a, b -> j", "b, c -> k"}));
  p.output = "j";
  EXPECT_THAT(contexts(make_plan(p, mode::latent, planned_kinds)), ElementsAre("a", "b<a", "j<b", "c<b", "k<c"));
}

TEST(plan, an_agent_beside_a_sequence_forks_off) {
  auto p = in_sequence(thinking({"s -> a, b -> j", "a -> aside"}));
  p.output = "j";
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("s", "a<s", "b<a", "j<b", "aside<a"));
  EXPECT_FALSE(planned.find("aside")->in_sequence);
}

TEST(plan, joins_and_sequences_in_one_flow) {
  auto p = thinking({"a, b -> j", "c, d -> k", "j, k -> end"});
  spec_of(p, "k").merge = join_way::sequence;
  EXPECT_THAT(contexts(make_plan(p, mode::latent, planned_kinds)),
              ElementsAre("a", "b", "j<a+b", "c", "d<c", "k<d", "end<j+k"));
  spec_of(p, "end").merge = join_way::sequence;
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b<a", "j<b", "c<j", "d<c", "k<d", "end<k"));
  EXPECT_THAT(planned.notes, ElementsAre(HasSubstr("j has nothing to join")));
}

TEST(plan, prompts_among_options_need_fields) {
  auto known = planned_kinds;
  known[2].options = std::vector<option_info>{
      {.name = "judge", .type = option_type::prompt, .variables = {"candidate"}}, {.name = "n"}};
  auto p = thinking({"a -> b"});
  spec_of(p, "b").kind = "sums";
  spec_of(p, "b").options = {{"judge", "{{candidate}} {{hint}}"}, {"n", "{{no_prompt}}"}};
  EXPECT_THAT(make_plan(p, mode::latent, known).fields, ElementsAre("hint", "question"));
}

TEST(plan, two_names_of_one_model_share_contexts) {
  auto p = thinking({"a -> b"});
  spec_of(p, "b").model = "twin";
  EXPECT_THAT(contexts(make_plan(p, mode::latent, planned_kinds)), ElementsAre("a", "b<a"));
  p.models[1].format = weight_format::float32;
  EXPECT_THAT(contexts(make_plan(p, mode::latent, planned_kinds)), ElementsAre("a", "b"));
}

TEST(plan, an_edge_between_models_falls_back_to_text) {
  auto p = thinking({"a -> b -> c -> d"});
  spec_of(p, "c").model = "other";
  spec_of(p, "d").model = "other";
  spec_of(p, "c").text_prompt = "{{a}} {{b}}";
  spec_of(p, "d").text_prompt = "{{c}}";
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b<a", "c", "d<c"));
  EXPECT_EQ(planned.find("b")->kind, "generate") << "the sender answers";
  EXPECT_EQ(planned.find("a")->kind, "generate") << "its text is named, too";
  EXPECT_EQ(planned.find("c")->choice, prompt_choice::text_prompt);
  EXPECT_EQ(planned.find("d")->choice, prompt_choice::prompt) << "within one model contexts are handed over";
  EXPECT_EQ(planned.find("c")->kind, "think");
  EXPECT_EQ(planned.edges[1].how, hand_over::text);
  EXPECT_THAT(planned.notes, ElementsAre("b -> c falls back to text: b runs on model \"main\", c on model \"other\".",
                                         HasSubstr("a answers instead of thinking")));
}

TEST(plan, a_join_of_two_models_continues_the_one_that_is_its_own) {
  auto p = thinking({"a, b -> j"});
  spec_of(p, "b").model = "other";
  spec_of(p, "j").text_prompt = "{{b}}";
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b", "j<a"));
  EXPECT_FALSE(planned.find("a")->makes_text);
  EXPECT_THAT(planned.find("j")->after, ElementsAre("a", "b"));
  EXPECT_THAT(planned.find("j")->texts, ElementsAre("b"));
}

TEST(plan, an_agent_without_a_model_gets_and_gives_text) {
  auto p = thinking({"a -> b -> c"});
  spec_of(p, "b").model = "";
  spec_of(p, "b").kind = "sums";
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b", "c"));
  EXPECT_THAT(planned.notes[0], HasSubstr("b on no model"));
}

TEST(plan, thoughts_of_another_model_are_projected_where_that_is_wanted) {
  auto p = thinking({"a -> b -> c -> d"});
  spec_of(p, "c").model = spec_of(p, "d").model = "other";
  spec_of(p, "c").text_prompt = "{{b}}";
  spec_of(p, "b").cross_model = spec_of(p, "c").cross_model = cross_model::project;
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b<a", "c<b", "d<c"));
  EXPECT_EQ(planned.edges[0].how, hand_over::context) << "within one model nothing is projected";
  EXPECT_EQ(planned.edges[1].how, hand_over::projection);
  EXPECT_EQ(planned.edges[2].how, hand_over::context);
  EXPECT_EQ(planned.find("b")->kind, "think") << "nobody needs its text";
  EXPECT_EQ(planned.find("b")->readers, 1U);
  EXPECT_EQ(planned.find("c")->choice, prompt_choice::prompt);
  EXPECT_EQ(planned.find("b")->model, "main");
  EXPECT_EQ(planned.find("c")->model, "other");
  EXPECT_THAT(planned.notes, IsEmpty());
  EXPECT_EQ(make_plan(p, mode::text, planned_kinds).edges[1].how, hand_over::text);

  spec_of(p, "c").nodes = {"far"};
  const auto apart = make_plan(p, mode::latent, planned_kinds);
  EXPECT_EQ(apart.edges[1].how, hand_over::text);
  EXPECT_THAT(apart.notes, ElementsAre("b -> c falls back to text: b runs on model \"main\", c on model \"other\", and "
                                       "thoughts are projected on one machine only."));
}

TEST(plan, a_projected_thought_is_one_of_those_that_are_joined) {
  auto p = thinking({"a, b -> j"});
  spec_of(p, "a").model = "other";
  spec_of(p, "j").cross_model = cross_model::project;
  EXPECT_THAT(contexts(make_plan(p, mode::latent, planned_kinds)), ElementsAre("a", "b", "j<a+b"));
  EXPECT_THAT(contexts(make_plan(in_sequence(p), mode::latent, planned_kinds)), ElementsAre("a", "b", "j<a+b"));
  p = in_sequence(thinking({"a, b, c -> j"}));
  spec_of(p, "a").model = "other";
  spec_of(p, "j").cross_model = cross_model::project;
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_THAT(contexts(planned), ElementsAre("a", "b", "c<b", "j<c+a")) << "behind the cache that b and c share";
}

TEST(plan, twins_are_one_model) {
  auto p = thinking({"a -> b -> c"});
  spec_of(p, "b").model = "twin";
  spec_of(p, "c").model = "";
  const auto planned = make_plan(p, mode::latent, planned_kinds);
  EXPECT_EQ(planned.find("b")->model, "main");
  EXPECT_EQ(planned.find("c")->model, "");
}

TEST(plan, prompt_keys) {
  EXPECT_EQ(name_of(prompt_choice::prompt), "prompt");
  EXPECT_EQ(name_of(prompt_choice::text_prompt), "text_prompt");
  EXPECT_EQ(name_of(prompt_choice::direct_prompt), "direct_prompt");
}

} // namespace
} // namespace avp
