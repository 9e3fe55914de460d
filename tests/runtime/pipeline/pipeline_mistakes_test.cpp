// Every mistake in a pipeline file, with its place.
#include "tests/runtime/pipeline/pipeline_text.hpp"

namespace avp {
namespace {

using test::chain;
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

struct bad_pipeline {
  std::string text;
  std::string says; ///< The beginning of the only mistake.
};

class pipeline_mistakes : public testing::TestWithParam<bad_pipeline> {};

TEST_P(pipeline_mistakes, have_a_place_and_a_reason) {
  EXPECT_THAT(mistakes_of(GetParam().text), ElementsAre(StartsWith(GetParam().says)));
}

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
        bad_pipeline{judge_with("max_tokens = 9"),
                     "p.toml:11:1: unknown key \"max_tokens\" in [agent.judge]; did you mean \"max_new_tokens\"?"},
        bad_pipeline{judge_with("temp = 0"),
                     "p.toml:11:1: unknown key \"temp\" in [agent.judge]; did you mean \"temperature\"?"},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\npath = \"m.gguf\""),
                     "p.toml:4:1: unknown key \"path\" in [model.main]; did you mean \"source\"?"},
        bad_pipeline{judge_with("[input]\npath = \"q.jsonl\""),
                     "p.toml:12:1: unknown key \"path\" in [input]; did you mean \"file\"?"},
        bad_pipeline{judge_with("node = \"b\""), "p.toml:11:1: there is no [node.b]; known: local"},
        bad_pipeline{judge_with("zzzzzzzzzz = 0"),
                     "p.toml:11:1: unknown key \"zzzzzzzzzz\" in [agent.judge]; known: kind, model"},
        bad_pipeline{judge_with("[defaults]\nmerge = \"mix\""),
                     "p.toml:12:1: \"merge\" must be \"concatenate\", \"canonical\" or \"sequence\", found the string"},
        bad_pipeline{
            judge_with("[defaults]\nkeep = \"some\""),
            "p.toml:12:1: \"keep\" must be \"all\", \"last_agent\", \"latent_only\", \"note\" or \"hidden_state\""},
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
            replaced(chain, "instruct\"", "instruct\"\ndtype = \"int3\""),
            "p.toml:4:1: \"dtype\" must be \"float32\", \"bfloat16\", \"native\", \"int8\" or \"int4\", found"},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\nkv_dtype = \"int8\""),
                     "p.toml:4:1: \"kv_dtype\" must be \"float32\" or \"bfloat16\", found the string \"int8\""},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\ndraft = \"promt\""),
                     "p.toml:4:1: \"draft\" must be \"prompt\" or \"model:NAME\", found the string \"promt\""},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\ndraft = \"model:\""),
                     "p.toml:4:1: \"draft\" must be \"prompt\" or \"model:NAME\", found the string \"model:\""},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\ndraft = \"model:small\""),
                     "p.toml:4:1: there is no [model.small] to guess for \"main\""},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\ndraft = \"model:main\""),
                     "p.toml:4:1: \"main\" is the same model as \"main\", and only a smaller one can guess for it"},
        bad_pipeline{replaced(chain, "instruct\"",
                              "instruct\"\ndraft = \"model:tiny\"\n[model.tiny]\nsource = "
                              "\"qwen2.5-coder-0.5b-instruct\"\ndevice = \"cuda:0\"\n[defaults]\nmodel = \"main\""),
                     "p.toml:4:1: \"tiny\" is on the device \"cuda:0\", and to guess for \"main\" it must be on the "
                     "same one, \"cpu\""},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\ndraft = true"),
                     "p.toml:4:1: \"draft\" must be a string"},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\nnumerics = \"exact\""),
                     "p.toml:4:1: \"numerics\" must be \"layercast\", found the string \"exact\""},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\ndtype = \"int8\"\nnumerics = \"layercast\""),
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
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\ndevice = \"gpu\""),
                     "p.toml:4:1: \"device\" must be \"cpu\" or \"cuda:N\""},
        bad_pipeline{replaced(chain, "instruct\"", "instruct\"\nspecial_tokens_in_text = \"yes\""),
                     "p.toml:4:1: \"special_tokens_in_text\" must be true or false, found the string \"yes\""},
        bad_pipeline{judge_with("[device.gpu]"), "p.toml:11:9: a device is called"},
        bad_pipeline{"mode = \"fast\"\n" + chain,
                     "p.toml:1:1: \"mode\" must be \"latent\", \"text\", \"direct\" or \"all\""},
        bad_pipeline{replaced(chain, "[\"planner -> judge\"]", "\"planner -> judge\""),
                     "p.toml:1:1: \"flow\" must be a list of strings"}));

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
        bad_pipeline{replaced(chain, "-> judge\"", "-> jugde\""),
                     "p.toml:1:21: the flow names \"jugde\", but there is no [agent.jugde]; did you mean \"judge\"?"},
        bad_pipeline{replaced(chain, "-> judge\"", "-> jugde\"") + "[output]\nagent = \"judge\"\n",
                     "p.toml:1:21: the flow names \"jugde\", but there is no [agent.jugde]; did you mean \"judge\"?"},
        bad_pipeline{
            replaced(chain, "smollm2-135m-instruct", "smollm2-135m-instrct"),
            "p.toml:3:1: model \"smollm2-135m-instrct\" is neither a known name nor a file or folder here; did "
            "you mean \"smollm2-135m-instruct\"?"},
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
        bad_pipeline{judge_with("model = \"main\"\n[model.b]\nsource = \"smollm2-135m-instruct\""),
                     "p.toml:4:8: the agent \"planner\" must say which model it runs on"},
        bad_pipeline{judge_with("merge = \"sequence\""),
                     "p.toml:11:1: \"merge\" is for an agent that several others hand over to"},
        bad_pipeline{judge_with("keep = \"last_agent\""),
                     "p.toml:11:1: \"keep\" is for an agent that hands its context on"},
        bad_pipeline{judge_with("rotate_keys = false"), "p.toml:11:1: \"rotate_keys\" is for an agent that joins"},
        bad_pipeline{judge_with("on_failure = \"skip\""), "p.toml:11:1: \"judge\" answers the task"},
        bad_pipeline{replaced(chain, "kind = \"think\"", "kind = \"generate\"\nkeep = \"latent_only\""),
                     "p.toml:6:1: \"latent_only\" hands on nothing but latent steps, and the kind generate"},
        bad_pipeline{
            judge_with("note = 8"),
            "p.toml:11:1: \"note\" is what an agent of kind think writes behind its latent steps; what \"judge\" "
            "(generate) writes is limited by max_new_tokens"},
        bad_pipeline{judge_with("note = -1"),
                     "p.toml:11:1: \"note\" must be a whole number, 0 to 2147483647, found -1"},
        bad_pipeline{
            replaced(chain, "kind = \"think\"", "kind = \"think\"\nkeep = \"note\""),
            "p.toml:6:1: keep = \"note\" hands on nothing but what was written, and \"planner\" writes nothing: "
            "give it a note = N"},
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

TEST(pipeline_file, each_name_of_the_flow_is_one_mistake) {
  EXPECT_THAT(
      mistakes_of(replaced(chain, "planner -> judge\"", "jugde -> jude\"")),
      ElementsAre(StartsWith("p.toml:1:10: the flow names \"jugde\", but there is no [agent.jugde]; did you mean "
                             "\"judge\"?"),
                  StartsWith("p.toml:1:19: the flow names \"jude\""),
                  "p.toml:4:8: the agent \"planner\" is not in the flow, so it would never run"));
}

TEST(pipeline_file, a_wrong_source_is_told_with_the_other_mistakes) {
  const auto wrong = replaced(judge_with("stesp = 3"), "smollm2-135m-instruct", "nowhere.gguf");
  EXPECT_THAT(mistakes_of(wrong), ElementsAre(StartsWith("p.toml:3:1: model \"nowhere.gguf\" is neither"),
                                              StartsWith("p.toml:11:1: unknown key \"stesp\"")));
  EXPECT_THAT(mistakes_of(replaced(wrong, "kind = \"think\"", "kind = \"think\"\nmodel = \"mian\"")),
              Contains(StartsWith("p.toml:3:1: model \"nowhere.gguf\"")))
      << "also where an agent names none";
  const auto spare = judge_with("model = \"main\"\n[defaults]\nmodel = \"main\"\n[model.spare]\nsource = \"x\"");
  EXPECT_THAT(mistakes_of(spare), IsEmpty()) << "nobody needs it";
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

} // namespace
} // namespace avp
