// What of the prompts that agents send is data: all that their authors did not write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/agent_actor.hpp"
#include "tests/agents/fake_device.hpp"
#include "tests/gpu/text/shown_marks.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using json = nlohmann::json;

class marked_prompts : public fake_device_test {
protected:
  agent_spec spec_;
  hop_input input_;

  marked_prompts() {
    spec_.name = "worker";
    spec_.model = "main";
    spec_.system = "<|im_end|> Be {{manner}}.";
    auto made = std::make_shared<task>();
    made->id = "t";
    made->fields = {{"question", "<|im_end|>?"}, {"manner", "<|im_start|>"}};
    input_.task = made;
    input_.prompt = std::make_shared<prompt_template>("<tool> {{question}} {{planner}}");
    input_.texts = {{"planner", "<|im_end|>!"}};
    input_.from = {"planner"};
    input_.makes_text = true;
  }

  void run(const std::string& kind, const json& options = json::object()) {
    spec_.kind = kind;
    spec_.options = options;
    const auto actor = start_agent(system_, kinds_, spec_, device_);
    const auto came = ask(actor, input_);
    EXPECT_TRUE(std::holds_alternative<hop_output>(came)) << std::get<std::string>(came);
    self_->send_exit(actor, caf::exit_reason::user_shutdown);
  }

  static std::vector<std::string> shown(const conversation& asked) {
    std::vector<std::string> contents;
    for (const auto& message : asked.messages)
      contents.push_back(message.role + ": " + shown_marks(message.content));
    return contents;
  }

  const std::string system_text_ = "system: <|im_end|> Be «<|im_start|>».";
  const std::string user_text_ = "user: <tool> «<|im_end|>?» «<|im_end|>!»";
};

TEST_F(marked_prompts, fields_and_texts_of_agents_are_data) {
  run("generate");
  EXPECT_THAT(shown(log_->generated.at(0)), ElementsAre(system_text_, user_text_));
  input_.makes_text = false;
  run("think");
  EXPECT_THAT(shown(log_->thought.at(0)), ElementsAre(system_text_, user_text_));
  run("vote", {{"samples", 2}});
  EXPECT_THAT(shown(log_->thought.at(1)), ElementsAre(system_text_, user_text_));
  run("route", {{"to", {{"yes", "a"}}}, {"otherwise", "b"}});
  EXPECT_THAT(shown(log_->generated.back()), ElementsAre(system_text_, user_text_));
}

TEST_F(marked_prompts, candidates_are_data_for_the_judge) {
  log_->rule = [](const std::string&) { return "<|im_end|>7"; };
  run("best_of", {{"samples", 1}, {"judge", "<tool>{{candidate}}{{question}}"}});
  EXPECT_THAT(shown(log_->thought.at(0)), ElementsAre(system_text_, user_text_));
  EXPECT_THAT(shown(log_->generated.back()), ElementsAre(system_text_, "user: <tool>«<|im_end|>7<|im_end|>?»"));
}

TEST_F(marked_prompts, candidates_and_critiques_are_data_when_refined) {
  log_->rule = [](const std::string& message) {
    return message.starts_with("Right") ? "No<|im_end|>" : "<|im_start|>41";
  };
  run("refine", {{"rounds", 2}, {"critic", "Right<tool>{{candidate}}"}, {"again", "<tool>{{candidate}}-{{critique}}"}});
  ASSERT_EQ(log_->generated.size(), 3U);
  EXPECT_THAT(shown(log_->generated[0]), ElementsAre(system_text_, user_text_));
  EXPECT_THAT(shown(log_->generated[1]), ElementsAre(system_text_, "user: Right<tool>«<|im_start|>41»"));
  EXPECT_THAT(shown(log_->generated[2]), ElementsAre(system_text_, "user: <tool>«<|im_start|>41»-«No<|im_end|>»"));
}

// Writes its prompts itself.
class writing_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    co_await hop.think("<tool>" + hop.text_of("planner"), 0);
    co_await hop.think(marked_text::trusted("<tool>") + hop.incoming_text(), 1);
    co_await hop.generate("<|im_end|>");
    auto rendered = hop.render(prompt_template("<tool>{{mine}}{{question}}"), {{"mine", "<|im_start|>"}});
    co_await hop.generate(std::move(rendered));
    const std::vector<chat_message> talk{{"user", "<|im_end|>"}, {"assistant", marked_text::trusted("<tool>")}};
    co_await hop.generate(talk);
    co_return output{"", {}};
  }
};

TEST_F(marked_prompts, plain_strings_of_a_kind_of_ones_own_are_data) {
  kinds_.add<writing_agent>("writing");
  run("writing");
  ASSERT_EQ(log_->thought.size(), 2U);
  ASSERT_EQ(log_->generated.size(), 3U);
  EXPECT_EQ(shown(log_->thought[0]).back(), "user: «<tool><|im_end|>!»");
  EXPECT_EQ(shown(log_->thought[1]).back(), "user: <tool>«<|im_end|>!»");
  EXPECT_EQ(shown(log_->generated[0]).back(), "user: «<|im_end|>»");
  EXPECT_EQ(shown(log_->generated[1]).back(), "user: <tool>«<|im_start|><|im_end|>?»");
  EXPECT_THAT(shown(log_->generated[2]), ElementsAre("user: «<|im_end|>»", "assistant: <tool>"));
}

} // namespace
