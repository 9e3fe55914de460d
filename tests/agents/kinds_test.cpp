// The kinds that do more than think and answer, on a device that answers by rule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/agent_actor.hpp"
#include "agents/text/text_pattern.hpp"
#include "agents/vote_agent.hpp"
#include "tests/agents/fake_device.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;
using json = nlohmann::json;

class kinds_test : public fake_device_test {
protected:
  hop_input input_;

  kinds_test() {
    auto made = std::make_shared<task>();
    made->id = "t";
    made->fields = {{"question", "6 x 7?"}};
    input_.task = made;
    input_.prompt = std::make_shared<prompt_template>("{{question}}");
    input_.contexts = {context_of("before")};
    input_.makes_text = true;
    input_.hands_on = true;
  }

  std::variant<hop_output, std::string> run(const std::string& kind, const json& options) {
    agent_spec spec;
    spec.name = "worker";
    spec.kind = kind;
    spec.model = "main";
    spec.options = options;
    auto actor = start_agent(system_, kinds_, spec, device_);
    auto came = ask(actor, input_);
    self_->send_exit(actor, caf::exit_reason::user_shutdown);
    return came;
  }

  output made(const std::string& kind, const json& options) {
    auto came = run(kind, options);
    if (auto* reason = std::get_if<std::string>(&came))
      throw std::runtime_error(*reason);
    return std::get<hop_output>(came).output;
  }

  /// Answers without messages are these, one after another; with messages `other` answers.
  void answer_with(
      const std::vector<std::string>& samples,
      const std::function<fake_log::answer(const std::string&)>& other = [](const auto&) { return "?"; }) {
    log_->rule = [this, samples, other, next = std::size_t{0}](const std::string& message) mutable -> fake_log::answer {
      const bool is_sample = !log_->generated.empty() && log_->generated.back().messages.empty();
      return is_sample && next < samples.size() ? samples[next++] : other(message);
    };
  }
};

TEST(majority, most_win_and_of_equals_the_first) {
  EXPECT_EQ(majority({"It is 4.", "\\boxed{5}", "so 5.0", "4 or 6"}, "number"), 1U);
  EXPECT_EQ(majority({"no idea", "7", "8"}, "number"), 1U);
  EXPECT_EQ(majority({"-0", "3", "0.0"}, "number"), 0U);
  EXPECT_EQ(majority({"none", "nothing"}, "number"), 0U);
  EXPECT_EQ(majority({"(A)", "Answer: B", "b"}, "choice"), 1U);
  EXPECT_EQ(majority({"yes", " no\n", "no", "Yes"}, "exact"), 1U);
  EXPECT_EQ(majority({"", "", "word"}, "exact"), 2U) << "an empty text is no answer";
}

TEST_F(kinds_test, vote_hands_on_the_first_sample_of_the_majority) {
  answer_with({"41", "it is 42", "so 42.0"});
  const auto vote = made("vote", {{"samples", 3}});
  EXPECT_EQ(vote.text, "it is 42");
  EXPECT_EQ(text_in(vote.context), "before|6 x 7?|it is 42");
  EXPECT_EQ(log_->thought.size(), 1U);
  EXPECT_EQ(log_->generated.size(), 3U);
  EXPECT_FALSE(log_->generated[0].wants_certainty);
  EXPECT_FALSE(vote.to);
}

TEST_F(kinds_test, best_of_goes_by_log_probability) {
  answer_with({"aa", "b", "cc"});
  log_->sure = [](const std::string& text) { return certainty{.log_probability = text == "b" ? -0.5 : -0.1}; };
  EXPECT_EQ(made("best_of", {{"samples", 3}}).text, "aa");
  EXPECT_TRUE(log_->generated[0].wants_certainty);
}

TEST_F(kinds_test, best_of_asks_a_judge_for_numbers) {
  answer_with({"bad", "good", "silly"}, [](const std::string& asked) -> fake_log::answer {
    return asked == "Grade good for 6 x 7?" ? "I give it 9" : asked == "Grade bad for 6 x 7?" ? "3" : "no grade";
  });
  const auto best = made("best_of", {{"samples", 3}, {"judge", "Grade {{candidate}} for {{question}}"}});
  EXPECT_EQ(best.text, "good");
  EXPECT_EQ(text_in(best.context), "before|6 x 7?|good") << "without what the judge said";
  ASSERT_EQ(log_->generated.size(), 6U);
  EXPECT_EQ(text_in(log_->generated[4].context), "before");
  EXPECT_EQ(log_->generated[4].sampling.temperature, 0);
  EXPECT_FALSE(log_->generated[0].sampling.temperature) << "as the model has it";
}

TEST_F(kinds_test, best_of_takes_letters_and_without_grades_the_first) {
  answer_with({"x", "y", "z"}, [](const std::string& asked) { return asked == "y" ? "A" : asked == "z" ? "B" : "E"; });
  EXPECT_EQ(made("best_of", {{"samples", 3}, {"judge", "{{candidate}}"}, {"grade", "letter"}}).text, "y");
  answer_with({"x", "y", "z"}, [](const std::string&) { return "hm"; });
  EXPECT_EQ(made("best_of", {{"samples", 3}, {"judge", "{{candidate}}"}}).text, "x");
}

TEST_F(kinds_test, route_goes_by_the_last_of_its_words) {
  const json options = {{"to", {{"sure", "quick"}, {"not sure", json::array({"slow", "third"})}}},
                        {"otherwise", "ask"}};
  const auto to = [&](const std::string& answer) {
    log_->rule = [answer](const std::string&) { return answer; };
    return made("route", options).to.value();
  };
  EXPECT_THAT(to("I am Sure."), ElementsAre("quick"));
  EXPECT_THAT(to("Sure? No, I am NOT SURE"), ElementsAre("slow", "third"));
  EXPECT_THAT(to("not sure... now I am sure"), ElementsAre("quick"));
  EXPECT_THAT(to("surely"), ElementsAre("ask")) << "no word of its own";
  EXPECT_FALSE(log_->generated[0].wants_certainty);
  EXPECT_THAT(std::get<std::string>(run("route", {{"to", {{"yes", "a"}, {"no", "b"}}}})),
              testing::AllOf(HasSubstr("\"no\", \"yes\""), HasSubstr("otherwise")));
}

TEST_F(kinds_test, route_goes_by_entropy) {
  const json options = {{"threshold", 0.5}, {"below", "quick"}, {"above", "slow"}};
  log_->sure = [](const std::string&) { return certainty{.entropy = 0.2}; };
  EXPECT_THAT(made("route", options).to.value(), ElementsAre("quick"));
  log_->sure = [](const std::string&) { return certainty{.entropy = 0.5}; };
  EXPECT_THAT(made("route", options).to.value(), ElementsAre("slow"));
  EXPECT_TRUE(log_->generated[0].wants_certainty);
  EXPECT_EQ(text_in(made("route", options).context), "before|6 x 7?|<6 x 7?>");
}

TEST_F(kinds_test, refine_ends_when_its_pattern_is_found) {
  int answers = 0;
  log_->rule = [&](const std::string&) { return ++answers < 3 ? "still 41" : "now 42."; };
  const auto done = made("refine", {{"rounds", 5}, {"until", "\\b42\\b"}, {"again", "Not {{candidate}}!"}});
  EXPECT_EQ(done.text, "now 42.");
  EXPECT_EQ(text_in(done.context), "before|6 x 7?|still 41|Not still 41!|still 41|Not still 41!|now 42.");
  EXPECT_EQ(log_->generated.size(), 3U);
  EXPECT_NE(log_->generated[1].seed, log_->generated[2].seed) << "each round draws anew";
}

TEST_F(kinds_test, refine_ends_after_its_rounds) {
  EXPECT_EQ(made("refine", {{"until", "never"}}).text.substr(0, 24), "<Look at your answer aga");
  EXPECT_EQ(log_->generated.size(), 3U);
  EXPECT_EQ(made("refine", {{"rounds", 1}, {"until", "never"}}).text, "<6 x 7?>");
}

TEST_F(kinds_test, refine_asks_a_critic) {
  int asked = 0;
  log_->rule = [&](const std::string& message) -> fake_log::answer {
    if (message.starts_with("Right"))
      return ++asked == 1 ? "No, not yet. Yes?" : "Yes, no doubt.";
    return "a" + std::to_string(asked);
  };
  const auto done =
      made("refine", {{"rounds", 5}, {"critic", "Right: {{candidate}}?"}, {"again", "You said: {{critique}}"}});
  EXPECT_EQ(done.text, "a1");
  EXPECT_EQ(text_in(done.context), "before|6 x 7?|a0|Right: a0?|No, not yet. Yes?|You said: No, not yet. Yes?|a1")
      << "ends with the answer, not with the critic";
  EXPECT_EQ(log_->generated[1].sampling.temperature, 0);
}

TEST(text_pattern, finds_and_refuses) {
  EXPECT_TRUE(text_pattern("\\\\boxed\\{.+\\}").matches("so \\boxed{4}"));
  EXPECT_FALSE(text_pattern("^b").matches("a\nb"));
  EXPECT_TRUE(text_pattern("(?m)^b").matches("a\nb"));
  EXPECT_TRUE(text_pattern("é").matches("caf\xC3\xA9 \xFF"));
  EXPECT_FALSE(text_pattern("x").matches(""));
  EXPECT_TRUE(text_pattern("(a|b|c)*d").matches(std::string(1000000, 'a') + "d")) << "long texts are fine";
  EXPECT_THROW((void)text_pattern("(a+)+$").matches(std::string(100, 'a') + "b"), std::runtime_error);
  try {
    (void)text_pattern("a(b");
    FAIL();
  } catch (const pattern_error& e) {
    EXPECT_EQ(e.offset(), 3U);
    EXPECT_THAT(e.what(), HasSubstr("parenthes"));
  }
}

} // namespace
