// Nodes in pipeline files: what is read, and which mistakes are said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/pipeline/node_tables.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "runtime/run/device_configs.hpp"

namespace {

using namespace avp;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto agents = R"(flow = ["a -> b"]
[model.main]
source = "smollm2-135m-instruct"
[agent.a]
kind = "think"
prompt = "A"
text_prompt = "A"
[agent.b]
kind = "generate"
prompt = "B"
)";

constexpr auto nodes = R"([node.one]
control = "127.0.0.1:5554"
data = "tcp://127.0.0.1:5555"
[node.two]
control = "localhost:5556"
data = "tcp://[::1]:5557"
zstd = true
)";

load_result load(const std::string& text) {
  load_options options;
  options.kinds = registry().kinds();
  return load_pipeline(text, "p.toml", options);
}

pipeline good(const std::string& text) {
  auto loaded = load(text);
  if (!loaded.pipeline)
    throw std::runtime_error(to_string(loaded.mistakes));
  return *loaded.pipeline;
}

std::string mistakes(const std::string& text) {
  const auto loaded = load(text);
  return loaded.pipeline ? "" : to_string(loaded.mistakes);
}

// The agents with a line in the table of b, and a line before all tables.
std::string with(const std::string& line, const std::string& top = "") { return top + agents + line + "\n" + nodes; }

TEST(placement, nodes_and_their_agents) {
  const auto p = good(with("nodes = [\"two\", \"one\"]", "node_timeout = 2.5\nnode_wait = 0\n"));
  ASSERT_EQ(p.nodes.size(), 2U);
  EXPECT_EQ(p.nodes[0].control, "127.0.0.1:5554");
  EXPECT_EQ(p.nodes[1].data, "tcp://[::1]:5557");
  EXPECT_FALSE(p.nodes[0].zstd);
  EXPECT_TRUE(p.nodes[1].zstd);
  EXPECT_EQ(p.node_rules.timeout, 2.5);
  EXPECT_EQ(p.node_rules.wait, 0);
  EXPECT_THAT(p.agent("a").nodes, IsEmpty());
  EXPECT_THAT(p.agent("b").nodes, ElementsAre("two", "one"));
}

TEST(placement, defaults_hold_for_agents_that_say_nothing) {
  const auto p = good(with("node = \"two\"") + "[defaults]\nnodes = [\"one\", \"two\"]\n");
  EXPECT_THAT(p.agent("a").nodes, ElementsAre("one", "two"));
  EXPECT_THAT(p.agent("b").nodes, ElementsAre("two"));
  EXPECT_THAT(good(with("node = \"local\"") + "[defaults]\nnode = \"one\"\n").agent("b").nodes, IsEmpty());
}

TEST(placement, models_of_other_nodes_are_not_loaded_here) {
  const auto all = good(with("") + "[defaults]\nnode = \"one\"\n");
  EXPECT_THAT(models_here(all), IsEmpty());
  EXPECT_THAT(device_configs(all, {make_plan(all, mode::latent, registry().kinds())}), IsEmpty());
  const auto some = good(with("node = \"one\""));
  EXPECT_THAT(models_here(some), ElementsAre("main"));
  EXPECT_EQ(device_configs(some, {make_plan(some, mode::latent, registry().kinds())}).size(), 1U);
}

TEST(placement, a_model_that_no_agent_runs_on_is_needed_nowhere) {
  const auto p = good(with("node = \"one\"") + "[defaults]\nmodel = \"main\"\n[model.spare]\nsource = \"nowhere\"\n");
  EXPECT_THAT(models_here(p), ElementsAre("main"));
  EXPECT_EQ(device_configs(p, {make_plan(p, mode::latent, registry().kinds())}).front().models.size(), 1U);
}

TEST(placement, a_node_without_agents_is_no_mistake) { EXPECT_EQ(mistakes(with("")), ""); }

TEST(placement, mistakes) {
  EXPECT_THAT(mistakes(with("node = \"tow\"")),
              HasSubstr("p.toml:11:1: there is no [node.tow]; did you mean \"two\"?"));
  EXPECT_THAT(mistakes(with("node = \"one\"\nnodes = [\"two\"]")),
              HasSubstr("p.toml:12:1: \"node\" names one node and"));
  EXPECT_THAT(mistakes(with("nodes = []")), HasSubstr("\"nodes\" must name at least one node"));
  EXPECT_THAT(mistakes(with("nodes = [\"one\", \"one\"]")), HasSubstr("the node \"one\" is named twice"));
  EXPECT_THAT(mistakes(with("nodes = [\"one\", \"local\"]")), HasSubstr("can't be one of several nodes"));
  EXPECT_THAT(mistakes(with("") + "[defaults]\nnode = \"three\"\n"), HasSubstr("there is no [node.three]"));
  EXPECT_THAT(mistakes(with("") + "[node.c]\ncontrol = \"127.0.0.1:1\"\n"), HasSubstr("[node.c] needs \"data\""));
  EXPECT_THAT(mistakes(with("") + "[node.c]\ncontrol = \"here\"\ndata = \"127.0.0.1:5\"\n"),
              testing::AllOf(HasSubstr("\"control\" must be \"host:port\""), HasSubstr("\"data\" must be \"tcp://")));
  // Of every address it is said where it stands, what is accepted and what is wrong.
  EXPECT_THAT(mistakes(with("") + "[node.c]\ncontrol = \"::1:5554\"\ndata = \"TCP://[::1]:0\"\n"),
              testing::AllOf(HasSubstr("p.toml:20:1: \"control\" must be \"host:port\", such as 10.0.0.2:5554, "
                                       "[fd00::2]:5554 or name:5554, found \"::1:5554\": an IPv6 address needs "
                                       "brackets and a port, such as [::1]:5554"),
                             HasSubstr("p.toml:21:1: \"data\" must be \"tcp://host:port\""),
                             HasSubstr("found \"TCP://[::1]:0\": a port is a number from 1 to 65535")));
  EXPECT_THAT(mistakes(with("") + "[node.c]\ncontrol = \"tcp://[::1]:5\"\ndata = \"tcp://*:5\"\n"),
              testing::AllOf(HasSubstr("leave out tcp://"), HasSubstr("* is every address of a machine")));
  EXPECT_THAT(mistakes(with("") + "[node.c]\nport = 1\n"), HasSubstr("unknown key \"port\""));
  EXPECT_THAT(mistakes(with("", "node_timeout = 0\n")), HasSubstr("\"node_timeout\" must be a number of seconds"));
}

TEST(placement, other_machines_need_keys) {
  const std::string far = "[node.far]\ncontrol = \"10.0.0.2:5554\"\ndata = \"tcp://10.0.0.2:5555\"\n";
  EXPECT_THAT(mistakes(with("") + far), HasSubstr("the node \"far\" is on another machine, so the file needs keys"));
  EXPECT_EQ(mistakes(with("", "keys = \"k\"\n") + far), "");
  EXPECT_EQ(mistakes(with("", "unencrypted = true\n") + far), "");
  EXPECT_THAT(mistakes(with("", "keys = \"k\"\nunencrypted = true\n")), HasSubstr("leave out one of them"));
}

TEST(placement, addresses_are_kept_with_their_brackets) {
  const auto p = good(with("") + "[node.c]\ncontrol = \"[0:0::1]:5554\"\ndata = \"TCP://localhost:5555\"\n"
                                 "[node.local]\ndata = \"tcp://[::]:0\"\n");
  EXPECT_EQ(p.nodes[0].control, "[0:0::1]:5554");
  EXPECT_EQ(p.nodes[0].data, "tcp://localhost:5555");
  EXPECT_EQ(p.node_rules.local_data, "tcp://[::]:0");
}

} // namespace
