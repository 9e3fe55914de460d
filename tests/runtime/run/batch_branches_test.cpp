// Branches, joins and routes of a run.
#include "tests/runtime/run/batch_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(batch_test, branches_run_side_by_side_and_are_joined) {
  EXPECT_EQ(run(fan_of_two, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(text_in(log_->generated.at(0).context), "(A Q+B Q)");
  for (const auto& asked : log_->thought)
    EXPECT_EQ(asked.context.body, nullptr);
  ASSERT_EQ(results_.at(0).agents.size(), 3U);
  for (const auto& agent : results_[0].agents)
    EXPECT_EQ(agent.handed_over.context_tokens, agent.name == "c" ? 0 : 3) << agent.name;
  EXPECT_GT(results_[0].handed_over().context_bytes, 6U);
}

TEST_F(batch_test, a_join_in_sequence_runs_its_branches_on_one_cache) {
  EXPECT_EQ(run(std::string(fan_of_two) + "merge = \"sequence\"", mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(text_in(log_->generated.at(0).context), "A Q|B Q");
  EXPECT_TRUE(log_->joined.empty());
}

TEST_F(batch_test, a_branch_that_fails_fails_the_task_or_is_left_out) {
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message == "A bad")
      return make_error(error_code::context_too_long, "too long");
    return "fine";
  };
  EXPECT_EQ(run(fan_of_two, mode::latent, R"({"id": "t", "q": "bad"})"), "");
  EXPECT_EQ(results_.at(0).error, "agent 'a': too long");

  const auto lenient = std::string(fan_of_two) + "text_prompt = \"C {{a}}|{{b}}\"\n[defaults]\non_failure = \"skip\"\n";
  EXPECT_EQ(run(lenient, mode::latent, R"({"id": "t", "q": "bad"})"), "");
  const auto& latent = results_.at(1);
  EXPECT_TRUE(latent.ok()) << latent.error;
  EXPECT_EQ(text_in(log_->generated.back().context), "B bad");
  EXPECT_TRUE(log_->joined.empty()) << "one branch is left, and nothing to join";
  EXPECT_EQ(latent.error_code, std::nullopt);
  EXPECT_EQ(std::ranges::find(latent.agents, "a", &agent_result::name)->error_code, error_code::context_too_long);
  std::map<std::string, std::string> errors;
  for (const auto& agent : latent.agents)
    errors[agent.name] = agent.error;
  EXPECT_EQ(errors, (std::map<std::string, std::string>{{"a", "too long"}, {"b", ""}, {"c", ""}}));

  EXPECT_EQ(run(lenient, mode::text, R"({"id": "t", "q": "bad"})"), "");
  EXPECT_TRUE(results_.at(2).ok()) << results_[2].error;
  EXPECT_EQ(log_->generated.back().messages.back().content.text(), "C |fine");
}

TEST_F(batch_test, a_task_fails_when_nothing_is_left_to_join_or_the_answering_agent_fails) {
  const auto lenient = std::string(fan_of_two) + "[defaults]\non_failure = \"skip\"\n";
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message != "C")
      return make_error(error_code::internal, "broken");
    return "fine";
  };
  EXPECT_EQ(run(lenient, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(0).error, "agent 'c': nothing is left to join (a: broken; b: broken)");
  log_->rule = [](const std::string& message) -> fake_log::answer {
    if (message == "C")
      return make_error(error_code::internal, "broken");
    return "fine";
  };
  EXPECT_EQ(run(lenient, mode::latent, R"({"id": "t", "q": "Q"})"), "");
  EXPECT_EQ(results_.at(1).error, "agent 'c': broken");
}

constexpr auto switching = R"(
flow = ["sorter -> easy, hard -> judge"]
[model.main]
source = "smollm2-135m-instruct"
[agent.sorter]
kind = "route"
prompt = "{{q}}"
[agent.sorter.options]
to = { simple = "easy", tricky = "hard" }
[agent.easy]
kind = "generate"
prompt = "E"
text_prompt = "E"
[agent.hard]
kind = "generate"
prompt = "H"
text_prompt = "H"
[agent.judge]
kind = "generate"
prompt = "J"
text_prompt = "J [{{easy}}] [{{hard}}]"
)";

TEST_F(batch_test, a_route_lets_go_on_whom_it_picks) {
  log_->rule = [](const std::string& message) { return message; };
  EXPECT_EQ(run(switching, mode::latent, "{\"id\": 1, \"q\": \"simple\"}\n{\"id\": 2, \"q\": \"tricky\"}"), "");
  ASSERT_EQ(results_.size(), 2U);
  for (const auto& result : results_) {
    EXPECT_TRUE(result.ok()) << result.error;
    std::vector<std::string> names;
    for (const auto& agent : result.agents)
      names.push_back(agent.name);
    EXPECT_THAT(names, ElementsAre("sorter", result.task == "1" ? "easy" : "hard", "judge"));
    EXPECT_EQ(result.agents[0].handed_over.context_tokens, 13) << "to one of them";
  }
  EXPECT_EQ(text_in(log_->generated.back().context), "tricky|tricky|H|H");
  EXPECT_TRUE(log_->joined.empty());

  EXPECT_EQ(run(switching, mode::text, R"({"id": 1, "q": "tricky"})"), "");
  EXPECT_EQ(results_.at(2).text, "J [] [H]");
  EXPECT_EQ(run(switching, mode::latent, R"({"id": 1, "q": "neither"})"), "");
  EXPECT_THAT(results_.at(3).error, HasSubstr("agent 'sorter': its answer has none of the words"));
}

TEST_F(batch_test, many_feed_one_and_one_feeds_many_over_several_levels) {
  const std::string levels = R"(
flow = ["root -> a, b, c", "a, b -> left", "b, c -> right", "left, right -> judge"]
[model.main]
source = "smollm2-135m-instruct"
[defaults]
kind = "think"
merge = "canonical"
[agent.root]
prompt = "R{{q}}"
[agent.a]
prompt = "A"
[agent.b]
prompt = "B"
[agent.c]
prompt = "C"
[agent.left]
prompt = "L"
[agent.right]
prompt = "I"
[agent.judge]
kind = "generate"
prompt = "J"
)";
  std::string lines;
  for (int i = 0; i < 30; ++i)
    lines += "{\"id\": " + std::to_string(i) + ", \"q\": \"" + std::to_string(i) + "\"}\n";
  EXPECT_EQ(run(levels, mode::latent, lines, 8), "");
  ASSERT_EQ(results_.size(), 30U);
  for (const auto& asked : log_->generated) {
    const auto context = text_in(asked.context);
    const auto root = context.substr(2, context.find('|') - 2);
    EXPECT_EQ(context, "((" + root + "|A+" + root + "|B)|L+(" + root + "|B+" + root + "|C)|I)");
  }
}

class misleading_agent : public agent {
public:
  eventually<output> run(avp::hop&) override { co_return output{"text", {}, std::vector<std::string>{"nobody"}}; }
};

TEST_F(batch_test, an_agent_can_pick_only_its_successors) {
  kinds_.add<misleading_agent>("misleading");
  const auto flow = std::string("flow = [\"m -> n\"]\n[agent.m]\nkind = \"misleading\"\n[agent.n]\nkind = "
                                "\"misleading\"\nprompt = \"{{m}}\"\n");
  EXPECT_EQ(run(flow, mode::latent, R"({"id": "t"})"), "");
  EXPECT_EQ(results_.at(0).error, "agent 'm': it hands over to 'nobody', which is no successor of it in the flow");
  EXPECT_EQ(run(flow + "[agent.m.options]\nx = 1\n[defaults]\non_failure = \"skip\"\n", mode::latent, R"({"id": "t"})"),
            "");
  EXPECT_TRUE(results_.at(1).ok()) << results_[1].error;
  ASSERT_EQ(results_[1].agents.size(), 2U);
  EXPECT_THAT(results_[1].agents[0].error, HasSubstr("'nobody'"));
}

} // namespace
