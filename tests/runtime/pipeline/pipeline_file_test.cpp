// What a good pipeline file becomes.
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/runtime/pipeline/pipeline_text.hpp"
#include "tests/temporary_folder.hpp"

namespace avp {
namespace {

using test::chain;
using test::good;
using test::in_modes;
using test::judge_with;
using test::kinds;
using test::mistakes_of;
using test::replaced;
using test::with;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(pipeline_file, defaults_are_those_of_the_design) {
  const auto p = good(chain);
  EXPECT_EQ(p.name, "p");
  EXPECT_EQ(p.seed, 42U);
  EXPECT_THAT(p.modes, ElementsAre(mode::latent));
  EXPECT_EQ(p.output, "judge");
  EXPECT_EQ(p.source, chain);
  ASSERT_EQ(p.agents.size(), 2U);
  const auto& planner = p.agents[0];
  EXPECT_EQ(planner.name, "planner");
  EXPECT_EQ(planner.model, "main") << "the only model is everyone's";
  EXPECT_EQ(planner.steps, 20);
  EXPECT_EQ(planner.max_new_tokens, 512);
  EXPECT_EQ(planner.merge, join_way::concatenate);
  EXPECT_EQ(planner.keep, keep::all);
  EXPECT_TRUE(planner.rotate_keys);
  EXPECT_EQ(planner.on_failure, on_failure::fail);
  EXPECT_EQ(planner.sampling, said_sampling()) << "left to the model";
  const auto settings = planner.sampling.or_else({});
  EXPECT_FLOAT_EQ(settings.temperature, 0.7F);
  EXPECT_FLOAT_EQ(settings.top_p, 0.95F);
  EXPECT_EQ(p.models[0].format, std::nullopt);
  EXPECT_EQ(p.models[0].kv_dtype, std::nullopt);
  EXPECT_FALSE(p.models[0].layercast);
  EXPECT_EQ(p.models[0].device, "cpu");
  EXPECT_FALSE(p.score);
  EXPECT_FALSE(p.input.file);
}

/// The good file with a line in [model.main], as it lies in a folder of its own.
load_result with_model_line(const test::temporary_folder& folder, const std::string& line,
                            const std::string& source = "smollm2-135m-instruct") {
  const auto text = replaced(replaced(chain, "smollm2-135m-instruct", source), "\n[agent", "\n" + line + "\n[agent");
  return load_pipeline_file(folder.write("p.toml", text), {.kinds = kinds});
}

TEST(pipeline_file, a_chat_template_may_be_a_file_beside_it) {
  const test::temporary_folder folder;
  folder.write("templates/x.jinja", "{{ messages }}");
  const auto loaded =
      with_model_line(folder, "chat_template = \"file:templates/x.jinja\"\n[model.main.template]\na = 1");
  ASSERT_TRUE(loaded.pipeline) << to_string(loaded.mistakes);
  const auto& model = loaded.pipeline->models[0];
  EXPECT_EQ(model.chat_template, "file:" + (folder.path() / "templates/x.jinja").string());
  EXPECT_EQ(model.template_text, "{{ messages }}");
  EXPECT_EQ(model.template_variables, R"({"a":1})");
}

TEST(pipeline_file, mistakes_in_a_chat_template_of_its_own_name_file_and_place) {
  const test::temporary_folder folder;
  const auto mistake = [&](const std::string& name) {
    return to_string(with_model_line(folder, "chat_template = \"file:" + name + "\"").mistakes);
  };
  const auto path = folder.write("x.jinja", "\n{% for m in messages %}{{ m.content }}").string();
  EXPECT_THAT(mistake("x.jinja"), AllOf(HasSubstr("p.toml:4:1: "), HasSubstr("the chat template " + path +
                                                                             " can't be "
                                                                             "read: line 2, column ")));
  EXPECT_THAT(mistake("gone.jinja"), HasSubstr((folder.path() / "gone.jinja").string() + ": can't be read"));
  folder.write("empty.jinja", "");
  EXPECT_THAT(mistake("empty.jinja"), HasSubstr("empty.jinja: is empty"));
}

TEST(pipeline_file, a_chat_template_of_the_model_is_looked_for_where_the_model_is_here) {
  const test::temporary_folder folder;
  auto tiny = test::tiny_gguf("llama");
  tiny.text("tokenizer.chat_template.tool_use", "{{ messages }}");
  folder.write("tiny.gguf", tiny.bytes());
  const auto found = [&](const std::string& name, const std::string& source) {
    return to_string(with_model_line(folder, "chat_template = \"" + name + "\"", source).mistakes);
  };
  EXPECT_EQ(found("tool_use", "tiny.gguf"), "");
  EXPECT_EQ(found("none", "tiny.gguf"), "");
  EXPECT_THAT(found("tool_usw", "tiny.gguf"),
              AllOf(HasSubstr("p.toml:4:1: "), HasSubstr("neither built-in nor a template of the model; did you mean "
                                                         "\"tool_use\"?")));
  EXPECT_EQ(found("tool_usw", "hf:Org/Name"), "") << "nobody knows yet";
  EXPECT_THAT(found("none", "hf:Org"), HasSubstr("expected hf:OWNER/NAME"));
}

TEST(pipeline_file, every_key_arrives) {
  const auto p = good(R"(
name = "all"
flow = ["b, a -> c"]
seed = 7
mode = "all"
[model.m]
source = "smollm2-135m-instruct"
dtype = "float32"
kv_dtype = "bfloat16"
device = "cuda:0"
chat_template = "chatml"
model_hash = "abc"
special_tokens_in_text = true
draft = "prompt"
[model.n]
source = "qwen2.5-coder-0.5b-instruct"
dtype = "bfloat16"
numerics = "layercast"
draft = "model:small"
[model.small]
source = "qwen2.5-coder-0.5b-instruct"
[device."cuda:0"]
threads = 3
kv_memory = "2GiB"
prefix_sharing = false
[defaults]
kind = "think"
model = "m"
system = "Be {{tone}}."
prompt = "p"
text_prompt = "tp"
direct_prompt = "dp"
steps = 0
max_new_tokens = 1
temperature = 1
top_p = 0.5
top_k = 40
min_p = 0.1
repetition_penalty = 1.1
stop = ["END", "\n\n"]
seed = 9
time_limit = 2.5
merge = "sequence"
keep = "last_agent"
rotate_keys = false
on_failure = "skip"
[agent.c]
kind = "generate"
merge = "canonical"
steps = 3
[agent.a]
[agent.b]
kind = "sums"
model = "n"
text_prompt = "mine"
[agent.b.options]
day = 1979-05-27
deep = {list = [1, 2.5, "x", true]}
[input]
limit = 5
id = "task"
ask = "tone"
[score]
kind = "number"
expected = "{{gold}}"
[output]
agent = "c"
explain = true
)");
  EXPECT_EQ(p.name, "all");
  EXPECT_TRUE(p.explains);
  EXPECT_EQ(p.seed, 7U);
  EXPECT_THAT(p.modes, ElementsAre(mode::latent, mode::text, mode::direct));
  ASSERT_EQ(p.agents.size(), 3U);
  EXPECT_EQ(p.agents[0].name, "b") << "agents are in the order of the flow";
  const auto& a = p.agent("a");
  EXPECT_EQ(a.kind, "think");
  EXPECT_EQ(a.system, "Be {{tone}}.");
  EXPECT_EQ(a.prompt, "p");
  EXPECT_EQ(a.text_prompt, "tp");
  EXPECT_EQ(a.direct_prompt, "dp");
  EXPECT_EQ(a.steps, 0);
  EXPECT_EQ(p.agent("c").steps, 3);
  EXPECT_EQ(a.max_new_tokens, 1);
  EXPECT_EQ(a.sampling.temperature, 1.0F);
  EXPECT_EQ(a.sampling.top_p, 0.5F);
  EXPECT_EQ(a.sampling.top_k, 40);
  EXPECT_EQ(a.sampling.min_p, 0.1F);
  EXPECT_EQ(a.sampling.repetition_penalty, 1.1F);
  EXPECT_THAT(a.stop, ElementsAre("END", "\n\n"));
  EXPECT_EQ(a.seed, 9U);
  EXPECT_EQ(a.time_limit, 2.5);
  EXPECT_EQ(a.merge, join_way::sequence);
  EXPECT_EQ(p.agent("c").merge, join_way::canonical);
  EXPECT_EQ(a.keep, keep::last_agent);
  EXPECT_FALSE(a.rotate_keys);
  EXPECT_EQ(a.on_failure, on_failure::skip);
  EXPECT_EQ(p.agent("b").text_prompt, "mine");
  EXPECT_EQ(p.agent("b").model, "n");
  EXPECT_EQ(p.agent("b").options.dump(), R"({"day":"1979-05-27","deep":{"list":[1,2.5,"x",true]}})");
  ASSERT_NE(p.model("m"), nullptr);
  EXPECT_EQ(p.model("m")->chat_template, "chatml");
  EXPECT_EQ(p.model("m")->model_hash, "abc");
  EXPECT_TRUE(p.model("m")->special_tokens_in_text);
  EXPECT_FALSE(p.model("n")->special_tokens_in_text);
  EXPECT_EQ(p.model("m")->draft, draft_source::prompt);
  EXPECT_EQ(p.model("n")->draft, draft_source{"small"});
  EXPECT_EQ(p.model("small")->draft, std::nullopt);
  EXPECT_EQ(p.model("m")->format, weight_format::float32);
  EXPECT_EQ(p.model("m")->kv_dtype, data_type::bfloat16);
  EXPECT_TRUE(p.model("n")->layercast);
  EXPECT_EQ(p.devices.at(0).threads, 3);
  EXPECT_EQ(p.devices[0].kv_memory, std::int64_t{2} << 30);
  EXPECT_FALSE(p.devices[0].prefix_sharing);
  EXPECT_EQ(p.input.limit, 5U);
  EXPECT_EQ(p.input.id, "task");
  EXPECT_EQ(p.input.ask, "tone");
  EXPECT_EQ(p.score->kind, score_kind::number);
  EXPECT_EQ(p.score->expected, "{{gold}}");
}

TEST(pipeline_file, overrides_are_toml_or_else_strings) {
  const auto p = good(chain, with({"agent.judge.steps=5", "defaults.temperature=0", "name=my run", "seed=1", "seed=2",
                                   "flow=['judge->planner']", "output.agent=judge", "agent.judge.options.\"a b\"=[1]",
                                   "agent.judge.stop=[\"x\"]", "agent.planner.text_prompt={{judge}} {{question}}",
                                   "agent.judge.text_prompt={{question}}"}));
  EXPECT_EQ(p.agent("judge").steps, 5);
  EXPECT_EQ(p.agent("planner").sampling.temperature, 0.0F);
  EXPECT_EQ(p.name, "my run");
  EXPECT_EQ(p.seed, 2U);
  EXPECT_EQ(p.flow.edges()[0].from, "judge");
  EXPECT_EQ(p.agent("judge").options.dump(), R"({"a b":[1]})");
  EXPECT_EQ(p.agent("planner").text_prompt, "{{judge}} {{question}}");
  EXPECT_NE(p.source, chain);
  EXPECT_EQ(good(p.source).agent("judge").steps, 5) << "the text of the run is a pipeline file";
}

TEST(pipeline_file, mistakes_in_overrides_name_the_override) {
  EXPECT_THAT(mistakes_of(chain, with({"agent.judge.steps=-1"})),
              ElementsAre("--set agent.judge.steps: \"steps\" must be a whole number, 0 to 2147483647, found -1"));
  EXPECT_THAT(mistakes_of(chain, with({"agent.judge.stepz=1"})),
              ElementsAre(AllOf(StartsWith("--set agent.judge.stepz: unknown key"), HasSubstr("mean \"steps\"?"))));
  EXPECT_THAT(mistakes_of(chain, with({"agent.judg.steps=1"})), Contains(StartsWith("--set agent.judg.steps: ")));
  EXPECT_THAT(mistakes_of(chain, with({"novalue"})), ElementsAre(HasSubstr("expected key=value")));
  EXPECT_THAT(mistakes_of(chain, with({"=1"})), ElementsAre(HasSubstr("expected key=value")));
  EXPECT_THAT(mistakes_of(chain, with({"a b=1"})), ElementsAre(HasSubstr("expected key=value")));
  EXPECT_THAT(mistakes_of(chain, with({"model.main.source.x=1"})), ElementsAre(HasSubstr("is a value, not a table")));
  EXPECT_THAT(mistakes_of(chain, with({"agent.judge.prompt={{"})),
              ElementsAre(HasSubstr("--set agent.judge.prompt: ")));
  EXPECT_THAT(mistakes_of(chain, with({"name=1\nseed=2"})), IsEmpty()) << "a line break makes it a string";
}

TEST(pipeline_file, all_mistakes_come_at_once_in_order) {
  const auto lines = mistakes_of(R"(flow = ["a -> b", "b -> cc"]
sead = 3
[model.main]
source = 5
[agent.a]
kind = "thinc"
prompt = "hi {{"
[agent.b]
kind = "generate"
temperature = -1
)");
  EXPECT_THAT(lines,
              ElementsAre(StartsWith("p.toml:1:25: the flow names \"cc\""),
                          StartsWith("p.toml:2:1: unknown key \"sead\" at the top of the file; did you mean \"seed\"?"),
                          StartsWith("p.toml:4:1: \"source\" must be a string, found 5"),
                          StartsWith("p.toml:6:1: no agent kind is registered as \"thinc\"; did you mean \"think\"?"),
                          StartsWith("p.toml:7:14: \"{{\" is not closed"),
                          StartsWith("p.toml:10:1: \"temperature\" must be a number, 0 or more, found -1")));
}

TEST(pipeline_file, every_way_to_keep_weights) {
  const auto dtype_of = [](const std::string& word) {
    return good(chain, with({"model.main.dtype=" + word})).models.at(0).format;
  };
  EXPECT_EQ(dtype_of("float32"), weight_format::float32);
  EXPECT_EQ(dtype_of("bfloat16"), weight_format::bfloat16);
  EXPECT_EQ(dtype_of("native"), weight_format::native);
  EXPECT_EQ(dtype_of("int8"), weight_format::int8);
  EXPECT_EQ(dtype_of("int4"), weight_format::int4);
  EXPECT_TRUE(good(chain, with({"model.main.numerics=layercast"})).models.at(0).layercast);
}

TEST(pipeline_file, memory_in_bytes_or_with_a_unit) {
  const auto memory_of = [](const std::string& value) {
    return good(chain, with({"device.cpu.kv_memory=" + value})).devices.at(0).kv_memory;
  };
  EXPECT_EQ(memory_of("4096"), 4096);
  EXPECT_EQ(memory_of("\"1.5 MiB\""), 3 << 19);
  EXPECT_EQ(memory_of("300MB"), 300'000'000);
}

TEST(pipeline_file, text_mode_needs_the_texts_of_predecessors) {
  const auto without = replaced(chain, "text_prompt = \"{{planner}} Answer: {{question}}\"\n", "");
  EXPECT_THAT(mistakes_of(without), IsEmpty());
  EXPECT_THAT(mistakes_of(without, in_modes("text")),
              ElementsAre(AllOf(StartsWith("p.toml:9:1: in text mode \"judge\""), HasSubstr("names {{planner}}"))));
  EXPECT_THAT(mistakes_of(without, in_modes("all")), ElementsAre(HasSubstr("in text mode")));
  const auto naming = replaced(without, "\"Answer: {{question}}", "\"{{planner}} {{question}}");
  EXPECT_THAT(mistakes_of(naming, in_modes("text")), IsEmpty());
  EXPECT_THAT(mistakes_of(naming, in_modes("latent")), ElementsAre(HasSubstr("no text in latent mode")));
  EXPECT_THAT(mistakes_of(naming, in_modes("direct")),
              ElementsAre(AllOf(StartsWith("p.toml:9:11: {{planner}} has no text in direct mode"),
                                HasSubstr("direct_prompt"))));
  EXPECT_THAT(mistakes_of(naming + "direct_prompt = \"{{question}}\"\n", in_modes("direct")), IsEmpty());
  EXPECT_THAT(mistakes_of(judge_with("system = \"{{planner}}\""), in_modes("direct")),
              ElementsAre(HasSubstr("leave it out of the system text")));
}

TEST(pipeline_file, prompts_are_needed_for_the_chosen_modes_only) {
  const auto text_only = replaced(chain, "prompt = \"Answer: {{question}}\"\n", "");
  EXPECT_THAT(mistakes_of(text_only, in_modes("text")), IsEmpty());
  EXPECT_THAT(mistakes_of(text_only),
              ElementsAre(StartsWith("p.toml:7:8: the agent \"judge\" needs a prompt for latent mode")));
}

TEST(pipeline_file, custom_kinds_may_do_without_prompt_and_model) {
  const auto p = good("flow = [\"a\"]\n[agent.a]\nkind = \"sums\"\n", in_modes("all"));
  EXPECT_EQ(p.agent("a").model, "");
}

TEST(pipeline_file, hops_between_models_fall_back_to_text) {
  const auto two =
      judge_with("model = \"b\"\n[defaults]\nmodel = \"main\"\n[model.b]\nsource = \"qwen2.5-coder-0.5b-instruct\"");
  EXPECT_THAT(mistakes_of(two), IsEmpty());
  const auto without = replaced(two, "text_prompt = \"{{planner}} Answer: {{question}}\"\n", "");
  EXPECT_THAT(mistakes_of(without), ElementsAre(AllOf(StartsWith("p.toml:9:1: \"judge\" runs on another model"),
                                                      HasSubstr("names {{planner}}"))));
  EXPECT_THAT(mistakes_of(replaced(without, "\"Answer: {{question}}", "\"{{planner}} {{question}}")), IsEmpty());
}

TEST(pipeline_file, ask_fills_the_only_free_variable) {
  EXPECT_EQ(good(chain, {.kinds = kinds, .ask = true}).input.ask, "question");
  const auto two = replaced(chain, "Plan: {{question}}", "{{hint}} {{question}}");
  EXPECT_THAT(
      mistakes_of(two, {.kinds = kinds, .ask = true}),
      ElementsAre(AllOf(StartsWith("--ask: one question fills one variable"), HasSubstr("({{hint}}, {{question}})"))));
  EXPECT_THAT(mistakes_of(two + "[input]\nask = \"question\"\n", {.kinds = kinds, .ask = true}),
              ElementsAre(StartsWith("p.toml:6:11: nothing gives {{hint}}")));
  EXPECT_THAT(mistakes_of(replaced(replaced(replaced(chain, "Plan: {{question}}", "p"), "{{question}}", "q"),
                                   "{{question}}", "q"),
                          {.kinds = kinds, .ask = true}),
              ElementsAre(StartsWith("--ask: no prompt names a variable")));
  const auto scored = chain + "[score]\nkind = \"exact\"\nexpected = \"{{gold}}\"\n";
  EXPECT_EQ(good(scored, {.kinds = kinds, .ask = true}).input.ask, "question");
}

} // namespace
} // namespace avp
