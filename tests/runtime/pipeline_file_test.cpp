// Tests of the loader: what a good file becomes, and every mistake with its place.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <avp/runtime/pipeline_file.hpp>

namespace avp {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::vector<kind_info> kinds{{"generate", true}, {"sums", true}, {"think", false}};

load_options with(std::vector<std::string> overrides) { return {.kinds = kinds, .overrides = std::move(overrides)}; }

load_options in_modes(const std::string& name) { return {.kinds = kinds, .modes = modes_named(name)}; }

std::vector<std::string> mistakes_of(const std::string& text, load_options options = {.kinds = kinds}) {
  const auto result = load_pipeline(text, "p.toml", options);
  EXPECT_EQ(result.pipeline.has_value(), result.mistakes.empty());
  std::vector<std::string> lines;
  for (const auto& m : result.mistakes)
    lines.push_back(to_string(m));
  return lines;
}

pipeline good(const std::string& text, load_options options = {.kinds = kinds}) {
  auto result = load_pipeline(text, "dir/p.toml", options);
  EXPECT_THAT(to_string(result.mistakes), "");
  return result.pipeline.value_or(pipeline{});
}

/// A file that is right; tests append to it or break it.
const std::string chain = R"(flow = ["planner -> judge"]
[model.main]
source = "smollm2-135m-instruct"
[agent.planner]
kind = "think"
prompt = "Plan: {{question}}"
[agent.judge]
kind = "generate"
prompt = "Answer: {{question}}"
text_prompt = "{{planner}} Answer: {{question}}"
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

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
  EXPECT_FLOAT_EQ(planner.sampling.temperature, 0.7F);
  EXPECT_FLOAT_EQ(planner.sampling.top_p, 0.95F);
  EXPECT_EQ(p.models[0].format, std::nullopt);
  EXPECT_EQ(p.models[0].kv_dtype, std::nullopt);
  EXPECT_FALSE(p.models[0].layercast);
  EXPECT_EQ(p.models[0].device, "cpu");
  EXPECT_FALSE(p.score);
  EXPECT_FALSE(p.input.file);
}

TEST(pipeline_file, every_key_arrives) {
  const auto p = good(R"(
name = "all"
flow = ["b, a -> c"]
seed = 7
mode = "all"
[model.m]
source = "x.gguf"
dtype = "float32"
kv_dtype = "bfloat16"
device = "cuda:0"
chat_template = "chatml"
model_hash = "abc"
[model.n]
source = "y"
dtype = "bfloat16"
numerics = "layercast"
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
)");
  EXPECT_EQ(p.name, "all");
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
  EXPECT_FLOAT_EQ(a.sampling.temperature, 1);
  EXPECT_FLOAT_EQ(a.sampling.top_p, 0.5F);
  EXPECT_EQ(a.sampling.top_k, 40);
  EXPECT_FLOAT_EQ(a.sampling.min_p, 0.1F);
  EXPECT_FLOAT_EQ(a.sampling.repetition_penalty, 1.1F);
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
  EXPECT_FLOAT_EQ(p.agent("planner").sampling.temperature, 0);
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

struct bad_pipeline {
  std::string text;
  std::string says; ///< The beginning of the only mistake.
};

class pipeline_mistakes : public testing::TestWithParam<bad_pipeline> {};

TEST_P(pipeline_mistakes, have_a_place_and_a_reason) {
  EXPECT_THAT(mistakes_of(GetParam().text), ElementsAre(StartsWith(GetParam().says)));
}

std::string judge_with(const std::string& line) { return chain + line + "\n"; }

INSTANTIATE_TEST_SUITE_P(
    syntax_and_types, pipeline_mistakes,
    testing::Values(
        bad_pipeline{"flow = [\"a\"\n[x", "p.toml:2:1: not valid TOML: "},
        bad_pipeline{"a = 1\na = 2\n", "p.toml:2:5: not valid TOML: "},
        bad_pipeline{"name = \"\xFF\"", "p.toml:1:8: not valid TOML: "},
        bad_pipeline{std::string(100000, '['), "p.toml:1:"},
        bad_pipeline{"a" +
                         [] {
                           std::string s;
                           for (int i = 0; i < 100000; ++i)
                             s += ".a";
                           return s;
                         }() +
                         " = 1",
                     "p.toml:1: the line has more dots"},
        bad_pipeline{judge_with("steps = 1.5"),
                     "p.toml:11:1: \"steps\" must be a whole number, 0 to 2147483647, found 1.5"},
        bad_pipeline{judge_with("steps = 9999999999"), "p.toml:11:1: \"steps\" must be"},
        bad_pipeline{judge_with("max_new_tokens = 0"), "p.toml:11:1: \"max_new_tokens\" must be a whole number, 1 to"},
        bad_pipeline{judge_with("temperature = \"0\""),
                     "p.toml:11:1: \"temperature\" must be a number, 0 or more, found the string \"0\""},
        bad_pipeline{judge_with("temperature = inf"), "p.toml:11:1: \"temperature\""},
        bad_pipeline{judge_with("temperature = nan"), "p.toml:11:1: \"temperature\""},
        bad_pipeline{judge_with("top_p = 0"), "p.toml:11:1: \"top_p\" must be a number above 0, at most 1"},
        bad_pipeline{judge_with("top_p = 1.1"), "p.toml:11:1: \"top_p\""},
        bad_pipeline{judge_with("top_k = -1"), "p.toml:11:1: \"top_k\""},
        bad_pipeline{judge_with("min_p = 2"), "p.toml:11:1: \"min_p\""},
        bad_pipeline{judge_with("repetition_penalty = 0"), "p.toml:11:1: \"repetition_penalty\""},
        bad_pipeline{judge_with("stop = \"x\""),
                     "p.toml:11:1: \"stop\" must be a list of strings, found the string \"x\""},
        bad_pipeline{judge_with("stop = [\"x\",\n  3]"), "p.toml:12:3: \"stop[1]\" must be a string"},
        bad_pipeline{judge_with("stop = [\"\"]"), "p.toml:11:9: \"stop[0]\""},
        bad_pipeline{judge_with("seed = -1"), "p.toml:11:1: \"seed\" must be a whole number, 0 or more"},
        bad_pipeline{judge_with("time_limit = 0"), "p.toml:11:1: \"time_limit\""},
        bad_pipeline{judge_with("system = [1]"), "p.toml:11:1: \"system\" must be a string, found a list"},
        bad_pipeline{judge_with("direct_prompt = \"\""), "p.toml:11:1: \"direct_prompt\" must not be empty"},
        bad_pipeline{judge_with("options = 3"), "p.toml:11:1: \"options\" must be a table, found 3"},
        bad_pipeline{judge_with("temprature = 0"),
                     "p.toml:11:1: unknown key \"temprature\" in [agent.judge]; did you mean \"temperature\"?"},
        bad_pipeline{judge_with("node = \"b\""), "p.toml:11:1: there is no [node.b]; known: local"},
        bad_pipeline{judge_with("zzzzzzzzzz = 0"),
                     "p.toml:11:1: unknown key \"zzzzzzzzzz\" in [agent.judge]; known: kind, model"},
        bad_pipeline{judge_with("[defaults]\nmerge = \"mix\""),
                     "p.toml:12:1: \"merge\" must be \"concatenate\", \"canonical\" or \"sequence\", found the string"},
        bad_pipeline{judge_with("[defaults]\nkeep = \"some\""),
                     "p.toml:12:1: \"keep\" must be \"all\", \"last_agent\" or \"latent_only\""},
        bad_pipeline{judge_with("[defaults]\nrotate_keys = 1"),
                     "p.toml:12:1: \"rotate_keys\" must be true or false, found 1"},
        bad_pipeline{judge_with("on_failure = \"ignore\""), "p.toml:11:1: \"on_failure\" must be \"fail\" or \"skip\""},
        bad_pipeline{judge_with("[defaults.options]\na = 1"), "p.toml:11:11: unknown key \"options\" in [defaults]"},
        bad_pipeline{judge_with("[sweeps]\na = 1"), "p.toml:11:2: unknown key \"sweeps\" at the top of the file"},
        bad_pipeline{judge_with("[model]\nx = 1"), "p.toml:12:1: [model] holds one table for each name"},
        bad_pipeline{judge_with("[input]\nlimit = 0"),
                     "p.toml:12:1: \"limit\" must be a whole number, 1 or more, found 0"},
        bad_pipeline{judge_with("[score]\nkind = \"nmber\"\nexpected = \"1\""),
                     "p.toml:12:1: \"kind\" must be \"number\", \"math\", \"exact\", \"answer_exact\", \"f1\", "
                     "\"contains\", \"choice\" or \"python\", found the string \"nmber\""},
        bad_pipeline{judge_with("[score]\nkind = \"math\"\nexpected = \"1\"\nsetup = \"x\""),
                     "p.toml:14:1: \"setup\" is for answers that are programs, with kind = \"python\"; \"math\" has no "
                     "use for it"},
        bad_pipeline{judge_with("[score]\nkind = \"python\"\nexpected = \"1\"\ntime_limit = 0"),
                     "p.toml:14:1: \"time_limit\" must be a whole number, 1 to 3600, found 0"},
        bad_pipeline{judge_with("[score]\nkind = \"python\"\nexpected = \"1\"\nmemory = \"1MiB\""),
                     "p.toml:14:1: \"memory\" must be 64 MiB or more"},
        bad_pipeline{judge_with("[score]\nkind = \"python\"\nexpected = \"1\"\nsetup = \"{{a}\""), "p.toml:14:"},
        bad_pipeline{judge_with("[score]\nkind = \"python\"\nexpected = \"1\"\nset_up = \"x\""),
                     "p.toml:14:1: unknown key \"set_up\" in [score]; did you mean \"setup\"?"},
        bad_pipeline{judge_with("[score]\nkind = \"number\""), "p.toml:11:2: [score] needs \"expected\""},
        bad_pipeline{judge_with("[score]\nexpected = \"x\""), "p.toml:11:2: [score] needs \"kind\""},
        bad_pipeline{
            replaced(chain, "smollm2-135m-instruct\"", "x\"\ndtype = \"int3\""),
            "p.toml:4:1: \"dtype\" must be \"float32\", \"bfloat16\", \"native\", \"int8\" or \"int4\", found"},
        bad_pipeline{replaced(chain, "smollm2-135m-instruct\"", "x\"\nkv_dtype = \"int8\""),
                     "p.toml:4:1: \"kv_dtype\" must be \"float32\" or \"bfloat16\", found the string \"int8\""},
        bad_pipeline{replaced(chain, "smollm2-135m-instruct\"", "x\"\nnumerics = \"exact\""),
                     "p.toml:4:1: \"numerics\" must be \"layercast\", found the string \"exact\""},
        bad_pipeline{replaced(chain, "smollm2-135m-instruct\"", "x\"\ndtype = \"int8\"\nnumerics = \"layercast\""),
                     "p.toml:5:1: \"layercast\" is float32 arithmetic on weights kept in bfloat16, so it needs dtype = "
                     "\"bfloat16\", not \"int8\""},
        bad_pipeline{
            judge_with("[device.cpu]\nkv_memory = \"2 gigs\""),
            "p.toml:12:1: \"kv_memory\" must be a size above 0, such as \"2GiB\" (units B, KiB, MiB, GiB, TiB, kB, "
            "MB, GB, TB), or a whole number of bytes, found the string \"2 gigs\""},
        bad_pipeline{judge_with("[device.cpu]\nkv_memory = 0"), "p.toml:12:1: \"kv_memory\" must be a size above 0"},
        bad_pipeline{judge_with("[device.cpu]\nkv_memory = -5"), "p.toml:12:1: \"kv_memory\" must be a size above 0"},
        bad_pipeline{judge_with("[device.cpu]\nkv_memory = \"-2GiB\""), "p.toml:12:1: \"kv_memory\" must be a size"},
        bad_pipeline{judge_with("[device.cpu]\nkv_memory = 1.5"), "p.toml:12:1: \"kv_memory\" must be a size above 0"},
        bad_pipeline{judge_with("[device.cpu]\nprefix_sharing = \"no\""),
                     "p.toml:12:1: \"prefix_sharing\" must be true or false, found the string \"no\""},
        bad_pipeline{replaced(chain, "smollm2-135m-instruct\"", "x\"\ndevice = \"gpu\""),
                     "p.toml:4:1: \"device\" must be \"cpu\" or \"cuda:N\""},
        bad_pipeline{replaced(chain, "smollm2-135m-instruct\"", "x\"\nchat_template = \"jinja\""),
                     "p.toml:4:1: \"chat_template\" must be"},
        bad_pipeline{judge_with("[device.gpu]"), "p.toml:11:9: a device is called"},
        bad_pipeline{"mode = \"fast\"\n" + chain,
                     "p.toml:1:1: \"mode\" must be \"latent\", \"text\", \"direct\" or \"all\""},
        bad_pipeline{replaced(chain, "[\"planner -> judge\"]", "\"planner -> judge\""),
                     "p.toml:1:1: \"flow\" must be a list of strings"}));

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

std::vector<std::string> mistakes_with_device_gpu() {
  return mistakes_of(judge_with("[device.\"cuda:1\"]\nthreads = 2"));
}

TEST(pipeline_file, a_device_without_a_model_is_a_mistake) {
  EXPECT_THAT(mistakes_with_device_gpu(), ElementsAre(HasSubstr("no model runs on the device \"cuda:1\"")));
}

INSTANTIATE_TEST_SUITE_P(
    structure, pipeline_mistakes,
    testing::Values(
        bad_pipeline{replaced(chain, "\"planner -> judge\"", ""), "p.toml:1:1: the pipeline needs a flow"},
        bad_pipeline{replaced(chain, "flow = [\"planner -> judge\"]\n", ""), "p.toml:1:1: the pipeline needs a flow"},
        bad_pipeline{replaced(chain, "-> judge\"", "- judge\""), "p.toml:1:18: expected \"->\""},
        bad_pipeline{replaced(chain, "judge\"]", "judge -> planner\"]"),
                     "p.toml:1:30: the flow goes round in a cycle: planner -> judge -> planner"},
        bad_pipeline{replaced(chain, "judge\"]", "judge\",\n \"planner -> judge\"]"),
                     "p.toml:2:14: the hand-over planner -> judge is there already"},
        bad_pipeline{replaced(chain, "-> judge\"", "-> judg, judge\""),
                     "p.toml:1:21: the flow names \"judg\", but there is no [agent.judg]; did you mean \"judge\"?"},
        bad_pipeline{judge_with("[agent.critic]\nkind = \"think\"\nprompt = \"x\""),
                     "p.toml:11:8: the agent \"critic\" is not in the flow"},
        bad_pipeline{replaced(chain, "\"planner -> judge\"", "\"planner\", \"judge\""),
                     "p.toml:1:1: several agents hand over to nobody (planner, judge)"},
        bad_pipeline{judge_with("[output]\nagent = \"jugde\""),
                     "p.toml:12:1: the answering agent \"jugde\" is not in the flow; did you mean \"judge\"?"},
        bad_pipeline{replaced(chain, "kind = \"think\"\n", ""), "p.toml:4:8: the agent \"planner\" needs a kind"},
        bad_pipeline{replaced(chain, "prompt = \"Plan: {{question}}\"\n", ""),
                     "p.toml:4:8: the agent \"planner\" needs a prompt"},
        bad_pipeline{replaced(chain, "kind = \"generate\"", "kind = \"think\""),
                     "p.toml:8:1: the answering agent \"judge\" only thinks"},
        bad_pipeline{replaced(chain, "source = \"smollm2-135m-instruct\"\n", ""),
                     "p.toml:2:8: [model.main] needs \"source\""},
        bad_pipeline{replaced(chain, "[model.main]\nsource = \"smollm2-135m-instruct\"\n", ""),
                     "p.toml:1:1: the pipeline needs a [model.NAME] table"},
        bad_pipeline{judge_with("model = \"mian\""), "p.toml:11:1: there is no [model.mian]; did you mean \"main\"?"},
        bad_pipeline{judge_with("[defaults]\nmodel = \"other\""),
                     "p.toml:12:1: there is no [model.other]; known: main"},
        bad_pipeline{judge_with("model = \"main\"\n[model.b]\nsource = \"x\""),
                     "p.toml:4:8: the agent \"planner\" must say which model it runs on"},
        bad_pipeline{judge_with("merge = \"sequence\""),
                     "p.toml:11:1: \"merge\" is for an agent that several others hand over to"},
        bad_pipeline{judge_with("keep = \"last_agent\""),
                     "p.toml:11:1: \"keep\" is for an agent that hands its context on"},
        bad_pipeline{judge_with("rotate_keys = false"), "p.toml:11:1: \"rotate_keys\" is for an agent that joins"},
        bad_pipeline{judge_with("on_failure = \"skip\""), "p.toml:11:1: \"judge\" answers the task"},
        bad_pipeline{replaced(chain, "kind = \"think\"", "kind = \"generate\"\nkeep = \"latent_only\""),
                     "p.toml:6:1: \"latent_only\" hands on nothing but latent steps, and the kind generate"},
        bad_pipeline{replaced(chain, "kind = \"think\"", "kind = \"think\"\nkeep = \"latent_only\"\nsteps = 0"),
                     "p.toml:6:1: \"latent_only\" hands on nothing but latent steps, and \"planner\" makes none"}));

/// The shipped kinds, with what they expect of options.
std::vector<std::string> option_mistakes(const std::string& kind, const std::string& options) {
  auto text = replaced(chain, "flow = [\"planner -> judge\"]", "flow = [\"planner -> sorter -> easy, hard -> judge\"]");
  text += "[agent.easy]\nkind = \"think\"\nprompt = \"e\"\n[agent.hard]\nkind = \"think\"\nprompt = \"h\"\n";
  text += "[agent.sorter]\nprompt = \"s\"\nkind = \"" + kind + "\"\n" + options; // which begin in line 20
  return mistakes_of(text, {.kinds = registry().kinds(), .ask = true});
}

TEST(pipeline_file, options_that_their_kinds_know) {
  const auto vote = "[agent.sorter.options]\nsamples = 3\nanswers = \"choice\"";
  EXPECT_THAT(option_mistakes("vote", vote), IsEmpty());
  EXPECT_THAT(option_mistakes("vote", ""), IsEmpty());
  EXPECT_THAT(
      option_mistakes("best_of", "options = { judge = \"{{candidate}} for {{question}}\", grade = \"letter\" }"),
      IsEmpty());
  EXPECT_THAT(option_mistakes("refine", "options = { until = \"boxed\", again = \"{{critique}} {{candidate}}\" }"),
              IsEmpty());
  EXPECT_THAT(option_mistakes("route", "options = { to = { \"not sure\" = \"hard\", sure = [\"easy\"] } }"), IsEmpty());
  EXPECT_THAT(option_mistakes("route", "options = { threshold = 0.5, below = \"easy\", above = [\"easy\", \"hard\"] }"),
              IsEmpty());
  EXPECT_THAT(option_mistakes("generate", ""), IsEmpty());
}

TEST(pipeline_file, options_that_their_kinds_do_not_know) {
  EXPECT_THAT(option_mistakes("vote", "[agent.sorter.options]\nsample = 3\nanswers = \"letter\""),
              ElementsAre("p.toml:21:1: unknown key \"sample\" in [agent.sorter.options]; did you mean \"samples\"?",
                          StartsWith("p.toml:22:1: \"answers\" must be \"number\", \"choice\" or \"exact\", found")));
  EXPECT_THAT(
      option_mistakes("best_of", "[agent.sorter.options]\nsamples = 0\njudge = \"a {{planer}}\""),
      ElementsAre(StartsWith("p.toml:21:1: \"samples\" must be a whole number, 1 to"), HasSubstr("{{planer}}")));
  EXPECT_THAT(option_mistakes("best_of", "options = { judge = \"{{planner}} {{\" }"),
              ElementsAre(HasSubstr("\"{{\" is not closed")));
  EXPECT_THAT(option_mistakes("best_of", "options = { grade = \"letter\" }"),
              ElementsAre(HasSubstr("there is no \"judge\"")));
  EXPECT_THAT(option_mistakes("refine", "[agent.sorter.options]\nuntil = \"a(b\""),
              ElementsAre(StartsWith("p.toml:21:13: not a regular expression: ")));
  EXPECT_THAT(option_mistakes("refine", ""), ElementsAre(HasSubstr("stops either at a pattern")));
  EXPECT_THAT(option_mistakes("generate", "options = { samples = 3 }"),
              ElementsAre(HasSubstr("unknown key \"samples\" in [agent.sorter.options]")));
}

TEST(pipeline_file, options_that_pick_successors) {
  EXPECT_THAT(option_mistakes("route", "[agent.sorter.options]\nto = { a = \"esay\", b = \"judge\", c = 3 }"),
              ElementsAre("p.toml:21:8: \"sorter\" does not hand over to \"esay\" in the flow; did you mean \"easy\"?",
                          StartsWith("p.toml:21:20: \"sorter\" does not hand over to \"judge\" in the flow"),
                          "p.toml:21:33: \"c\" must be a string, found 3"));
  EXPECT_THAT(option_mistakes("route", "options = { to = { a = \"easy\" } }"),
              ElementsAre(AllOf(HasSubstr("to \"hard\", but no option picks it"), HasSubstr("p.toml:20:1"))));
  EXPECT_THAT(option_mistakes("route", "options = { to = {} }"), ElementsAre(HasSubstr("the table has no words")));
  EXPECT_THAT(option_mistakes("route", ""), ElementsAre(HasSubstr("either by words")));
  EXPECT_THAT(option_mistakes("route", "options = { threshold = 1, below = \"easy\" }"),
              ElementsAre(HasSubstr("\"above\" goes with \"threshold\", and is missing")));
  EXPECT_THAT(option_mistakes("route", "options = { to = { a = \"easy\" }, below = \"hard\" }"),
              ElementsAre(HasSubstr("\"below\" goes with \"threshold\", not with \"to\"")));
  EXPECT_THAT(option_mistakes("route", "options = { threshold = -1, below = \"easy\", above = \"hard\" }"),
              ElementsAre(HasSubstr("\"threshold\" must be a number, 0 or more")));
}

TEST(pipeline_file, no_agents) {
  EXPECT_THAT(mistakes_of(""), ElementsAre(StartsWith("p.toml:1:1: the pipeline needs a flow"),
                                           StartsWith("p.toml:1:1: a pipeline needs at least one agent")));
  EXPECT_THAT(mistakes_of("flow = [\"a\"]\n"), Contains(HasSubstr("there is no [agent.a]")));
  EXPECT_THAT(mistakes_of("agent = 3\nflow = [\"a\"]\n"), Contains(HasSubstr("\"agent\" must be a table")));
}

TEST(pipeline_file, an_agent_whose_name_cannot_be_a_variable) {
  EXPECT_THAT(mistakes_of(judge_with("[agent.\"the judge\"]\nkind = \"think\"\nprompt = \"x\"")),
              Contains(AllOf(StartsWith("p.toml:11:8:"), HasSubstr("cannot be an agent's name"))));
}

INSTANTIATE_TEST_SUITE_P(
    templates, pipeline_mistakes,
    testing::Values(
        bad_pipeline{replaced(chain, "Plan: {{question}}", "Plan: {{quest ion}}"),
                     "p.toml:6:17: \"quest ion\" is not a name"},
        bad_pipeline{replaced(chain, "\"Plan: {{question}}\"", "\"\"\"\nPlän \\u00e9:\\\n   {{question}\n\"\"\""),
                     "p.toml:8:4: \"{{\" is not closed"},
        bad_pipeline{replaced(chain, "\"Plan: {{question}}\"", "'''é\n  {{a b}}'''"),
                     "p.toml:7:3: \"a b\" is not a name"},
        bad_pipeline{replaced(chain, "Plan: {{question}}", "Plan \\\"é\\\\: {{question}"),
                     "p.toml:6:23: \"{{\" is not closed"},
        bad_pipeline{replaced(chain, "Plan: {{question}}", "Plan: {{judge}}"),
                     "p.toml:6:17: {{judge}} has no text yet: \"judge\" does not come before \"planner\""},
        bad_pipeline{replaced(chain, "Plan: {{question}}", "Plan: {{planner}}"),
                     "p.toml:6:17: {{planner}} has no text yet"},
        bad_pipeline{replaced(chain, "\"Answer: {{question}}", "\"{{planner}} {{question}}"),
                     "p.toml:9:11: {{planner}} has no text in latent mode: \"planner\" only thinks"},
        bad_pipeline{judge_with("system = \"{{planner}}\""), "p.toml:11:11: {{planner}} has no text in latent mode"},
        bad_pipeline{judge_with("direct_prompt = \"{{planner}} {{question}}\""),
                     "p.toml:11:18: {{planner}} has no text: in direct mode \"judge\" runs alone"},
        bad_pipeline{judge_with("[score]\nkind = \"exact\"\nexpected = \"{{a}\""),
                     "p.toml:13:13: \"{{\" is not closed"},
        bad_pipeline{judge_with("[input]\nask = \"qestion\""),
                     "p.toml:12:1: no template names {{qestion}}, so a question would reach nobody; did you mean "
                     "\"question\"?"}));

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
  const auto two = judge_with("model = \"b\"\n[defaults]\nmodel = \"main\"\n[model.b]\nsource = \"x\"");
  EXPECT_THAT(mistakes_of(two), IsEmpty());
  const auto without = replaced(two, "text_prompt = \"{{planner}} Answer: {{question}}\"\n", "");
  EXPECT_THAT(mistakes_of(without), ElementsAre(AllOf(StartsWith("p.toml:9:1: \"judge\" runs on another model"),
                                                      HasSubstr("names {{planner}}"))));
  EXPECT_THAT(mistakes_of(replaced(without, "\"Answer: {{question}}", "\"{{planner}} {{question}}")), IsEmpty());
}

TEST(pipeline_file, ask_fills_the_only_free_variable) {
  EXPECT_EQ(good(chain, {.kinds = kinds, .ask = true}).input.ask, "question");
  const auto two = replaced(chain, "Plan: {{question}}", "{{hint}} {{question}}");
  EXPECT_THAT(mistakes_of(two, {.kinds = kinds, .ask = true}),
              ElementsAre(AllOf(StartsWith("--ask: several variables"), HasSubstr("{{hint}}, {{question}}"))));
  EXPECT_THAT(mistakes_of(two + "[input]\nask = \"question\"\n", {.kinds = kinds, .ask = true}),
              ElementsAre(StartsWith("p.toml:6:11: nothing gives {{hint}}")));
  EXPECT_THAT(
      mistakes_of("flow = [\"a\"]\n[model.m]\nsource = \"x\"\n[agent.a]\nkind = \"generate\"\nprompt = \"Hi\"\n",
                  {.kinds = kinds, .ask = true}),
      ElementsAre(StartsWith("--ask: no prompt names a variable")));
  const auto scored = chain + "[score]\nkind = \"exact\"\nexpected = \"{{gold}}\"\n";
  EXPECT_EQ(good(scored, {.kinds = kinds, .ask = true}).input.ask, "question");
}

class pipeline_with_input : public testing::Test {
protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "avp_pipeline_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_ + "/data");
    std::ofstream(folder_ + "/data/in.jsonl")
        << "{\"id\":1,\"question\":\"x\",\"gold\":3}\n{\"id\":2,\"question\":\"y\"}\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  load_result load(const std::string& text, load_options options = {.kinds = kinds}) {
    std::ofstream(folder_ + "/p.toml") << text;
    return load_pipeline_file(folder_ + "/p.toml", options);
  }
  std::string mistakes(const std::string& text, load_options options = {.kinds = kinds}) {
    return to_string(load(text, std::move(options)).mistakes);
  }

  std::string folder_;
  const std::string input_ = "[input]\nfile = \"data/in.jsonl\"\n";
};

TEST_F(pipeline_with_input, paths_are_found_from_the_pipeline_file) {
  const auto result = load(chain + input_ + "[score]\nkind = \"number\"\nexpected = \"{{gold}}\"\n");
  ASSERT_TRUE(result.pipeline) << to_string(result.mistakes);
  EXPECT_EQ(result.pipeline->input.file, std::filesystem::path(folder_ + "/data/in.jsonl").lexically_normal());
  EXPECT_EQ(result.pipeline->input.records, 2U);
}

TEST_F(pipeline_with_input, variables_must_be_fields_or_agents) {
  EXPECT_THAT(
      mistakes(replaced(chain, "Plan: {{question}}", "{{qestion}}") + input_),
      HasSubstr("p.toml:6:11: nothing gives {{qestion}}: no field of the input is called so, and no agent before "
                "\"planner\"; did you mean \"question\"?"));
  EXPECT_THAT(mistakes(replaced(chain, "{{planner}}", "{{plannr}}") + input_), HasSubstr("did you mean \"planner\"?"));
  EXPECT_THAT(
      mistakes(chain + input_ + "[score]\nkind = \"number\"\nexpected = \"{{glod}}\"\n"),
      HasSubstr("p.toml:15:13: nothing gives {{glod}}: no field of the input is called so; did you mean \"gold\"?"));
  EXPECT_THAT(mistakes(chain + input_ + "[score]\nkind = \"python\"\nexpected = \"1\"\nsetup = \"{{glod}}\"\n"),
              HasSubstr("p.toml:16:10: nothing gives {{glod}}"));
}

TEST_F(pipeline_with_input, a_name_must_not_be_field_and_agent) {
  std::ofstream(folder_ + "/data/in.jsonl") << "{\"question\":\"x\",\"planner\":3}\n";
  EXPECT_THAT(mistakes(chain + input_), HasSubstr("p.toml:10:16: {{planner}} is both a field"));
}

TEST_F(pipeline_with_input, bad_lines_are_mistakes_with_their_place) {
  std::ofstream(folder_ + "/data/in.jsonl")
      << "{\"id\":1,\"question\":\"x\"}\nnonsense\n{\"id\":1,\"question\":\"x\"}\n";
  const auto found = mistakes("sed = 1\n" + chain + input_);
  EXPECT_THAT(found, HasSubstr("p.toml:1:1: unknown key \"sed\""));
  EXPECT_THAT(found, HasSubstr("/data/in.jsonl:2:2: not JSON"));
  EXPECT_THAT(found, HasSubstr("/data/in.jsonl:3: a second record with the id \"1\""));
  EXPECT_LT(found.find("p.toml:1:1"), found.find("in.jsonl:2"));
  EXPECT_EQ(mistakes(chain + input_, {.kinds = kinds, .limit = 1}), "");
}

TEST_F(pipeline_with_input, a_missing_input_file_is_a_mistake_where_it_is_named) {
  EXPECT_THAT(mistakes(chain + "[input]\nfile = \"none.jsonl\"\n"),
              HasSubstr("p.toml:12:1: cannot read the input file"));
  EXPECT_THAT(mistakes(chain, {.kinds = kinds, .input = "/none.jsonl"}),
              HasSubstr("--input /none.jsonl: cannot read the input file"));
}

TEST_F(pipeline_with_input, the_command_line_goes_before_the_file) {
  std::ofstream(folder_ + "/other.jsonl") << "{\"question\":\"z\"}\n";
  const auto other = load(chain + input_, {.kinds = kinds, .input = folder_ + "/other.jsonl", .limit = 7});
  ASSERT_TRUE(other.pipeline) << to_string(other.mistakes);
  EXPECT_EQ(other.pipeline->input.file, folder_ + "/other.jsonl");
  EXPECT_EQ(other.pipeline->input.limit, 7U);
  const auto from_stdin = load(chain + input_, {.kinds = kinds, .input = "-"});
  ASSERT_TRUE(from_stdin.pipeline);
  EXPECT_EQ(from_stdin.pipeline->input.file, "-");
  EXPECT_FALSE(from_stdin.pipeline->input.records);
  const auto asked = load(chain + input_, {.kinds = kinds, .ask = true});
  ASSERT_TRUE(asked.pipeline);
  EXPECT_FALSE(asked.pipeline->input.file);
  EXPECT_THAT(mistakes(chain + input_, {.kinds = kinds, .limit = 0}), HasSubstr("--limit: expected"));
}

TEST_F(pipeline_with_input, a_pipeline_file_that_cannot_be_read) {
  EXPECT_THAT(to_string(load_pipeline_file(folder_ + "/none.toml", {.kinds = kinds}).mistakes),
              HasSubstr("none.toml: cannot read the pipeline file"));
  EXPECT_THAT(to_string(load_pipeline_file(folder_, {.kinds = kinds}).mistakes), HasSubstr("this is a folder"));
}

} // namespace
} // namespace avp
