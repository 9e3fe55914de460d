// What latent steps would have said: true, the same in any company, and without a trace in what is computed.
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/engine/thought_log.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

double norm_of(const std::vector<float>& state) {
  return std::sqrt(std::inner_product(state.begin(), state.end(), state.begin(), 0.0));
}

class thoughts : public tiny_engine_test {
protected:
  static think explained(const std::string& text, int steps, const payload& context = {}) {
    auto work = thinking(text, steps, context);
    work.explain = true;
    return work;
  }

  // Each step against an answer of one token in its place.
  static void expect_what_answers_say(engine& on) {
    constexpr int steps = 8;
    const auto told = run(on, explained("hello", steps)).thought.steps;
    ASSERT_EQ(told.size(), steps);
    std::vector<float> before;
    for (int done = 0; done < steps; ++done) {
      const auto& step = told[done];
      const auto there = run(on, thinking("hello", done));
      auto instead = generating("", 1, there.context);
      instead.wants_certainty = true;
      const auto said = run(on, instead);
      ASSERT_EQ(step.tokens.size(), 5U);
      const auto& best = step.tokens.front();
      EXPECT_EQ(tokens_of(said), std::vector{best.id}) << "step " << done;
      EXPECT_EQ(said.text, best.text);
      EXPECT_NEAR(std::log(best.probability), said.certainty->log_probability, 1e-5);
      EXPECT_NEAR(step.entropy, said.certainty->entropy, 1e-5);
      for (std::size_t i = 1; i < step.tokens.size(); ++i)
        EXPECT_LE(step.tokens[i].probability, step.tokens[i - 1].probability);
      const auto state = context_of(there).last_hidden_state();
      EXPECT_NEAR(step.norm, norm_of(state), 1e-4);
      if (done == 0)
        EXPECT_EQ(step.cosine, std::nullopt);
      else
        EXPECT_NEAR(*step.cosine,
                    std::inner_product(state.begin(), state.end(), before.begin(), 0.0) / norm_of(state) /
                        norm_of(before),
                    1e-5);
      before = state;
    }
  }
};

TEST_F(thoughts, say_what_an_answer_would_in_their_place) {
  auto on = make();
  expect_what_answers_say(on);
}

TEST_F(thoughts, of_untied_models_are_scored_by_their_head) {
  auto gguf = runnable_gguf();
  gguf.tensors["output.weight"] = {{258, tiny_hidden}, 0, tiny_values(258 * tiny_hidden, 11)};
  device_config config;
  config.models = {write_model(gguf, folder_.path() / "untied.gguf")};
  engine on(config);
  expect_what_answers_say(on);
}

TEST_F(thoughts, change_nothing_where_they_are_told) {
  auto plain = make();
  auto told = make();
  const auto silent = run(plain, thinking("hello", 6));
  const auto loud = run(told, explained("hello", 6));
  EXPECT_THAT(silent.thought.steps, IsEmpty());
  EXPECT_EQ(context_of(silent).history()->id(), context_of(loud).history()->id());
  EXPECT_EQ(context_of(silent).last_hidden_state(), context_of(loud).last_hidden_state());
  EXPECT_EQ(silent.counts, loud.counts);
  EXPECT_EQ(silent.thought.warnings, loud.thought.warnings);
  EXPECT_EQ(run(plain, generating("and?", 12, silent.context)).text,
            run(told, generating("and?", 12, loud.context)).text);
}

// Memory for two at a time: the others are preempted in the midst of thinking, and think what they thought once more.
TEST_F(thoughts, are_the_same_in_company_and_after_preemption) {
  const auto texts_of = [](const thought& from) {
    std::vector<std::pair<std::int32_t, double>> all;
    for (const auto& step : from.steps)
      for (const auto& token : step.tokens)
        all.emplace_back(token.id, token.probability);
    return all;
  };
  const auto work = [](int number) {
    auto made = explained("thought number " + std::to_string(number), 60);
    made.task = 4 - number; // who comes later goes on first
    return made;
  };
  auto alone = make();
  auto small = make(160);
  std::vector<std::optional<thought>> together(4);
  for (int i = 0; i < 4; ++i) {
    small.submit(work(i),
                 [&together, i](const engine::outcome& came) { together[i] = std::get<result>(came).thought; });
    for (int passes = 0; passes < 20; ++passes)
      small.step();
  }
  drain(small);
  EXPECT_GT(small.counters().preemptions, 0);
  for (int i = 0; i < 4; ++i) {
    const auto expected = run(alone, work(i)).thought;
    ASSERT_EQ(expected.steps.size(), 60U);
    ASSERT_TRUE(together[i]);
    EXPECT_EQ(texts_of(*together[i]), texts_of(expected)) << i;
    EXPECT_EQ(together[i]->warnings, expected.warnings);
  }
}

// Latent steps of another request that are run again to build its context are no thoughts of who continues on it.
TEST_F(thoughts, of_an_evicted_context_are_not_told_again) {
  auto on = make(512);
  const auto first = run(on, explained("one", 8));
  evict_all(on, 512);
  ASSERT_FALSE(context_of(first).is_resident());
  const auto second = run(on, explained("two", 3, first.context));
  EXPECT_EQ(second.thought.steps.size(), 3U);
  EXPECT_THAT(run(on, generating("three", 3, second.context)).thought.steps, IsEmpty());
}

class thought_logs : public thoughts {
protected:
  engine engine_ = make();
  thought_log log_{false, engine_.model("main").tokenizer};

  // A step with a state of that length, and scores of which one stands out by so much.
  void step(double norm, std::size_t best, float by) {
    std::vector<float> scores(258, 0.0F);
    scores[best] = by;
    log_.add(std::vector{static_cast<float>(norm), 0.0F}, scores);
  }
};

TEST_F(thought_logs, are_content_with_steps_that_differ) {
  for (std::size_t i = 0; i < 40; ++i)
    step(i % 2 == 0 ? 1 : 1.9, i % 4 == 0 ? 1 : i, 3);
  EXPECT_THAT(log_.take().warnings, IsEmpty());
}

TEST_F(thought_logs, name_the_same_token_five_times_in_a_row) {
  for (int i = 0; i < 4; ++i)
    step(1, 7, 3);
  step(1, 8, 3);
  for (int i = 0; i < 4; ++i)
    step(1, 7, 3);
  auto interrupted = log_;
  EXPECT_THAT(interrupted.take().warnings, IsEmpty());
  step(1, 7, 3);
  EXPECT_THAT(log_.take().warnings, ElementsAre(thought_warning::same_token));
}

TEST_F(thought_logs, name_an_entropy_that_collapsed) {
  for (std::size_t i = 0; i < 5; ++i)
    step(1, i, 14.0F);
  EXPECT_THAT(log_.take().warnings, ElementsAre(thought_warning::entropy_collapsed));
}

TEST_F(thought_logs, name_a_norm_that_blew_up_or_shrank) {
  step(2, 1, 3);
  step(4.1, 2, 3);
  auto grown = log_;
  EXPECT_THAT(grown.take().warnings, ElementsAre(thought_warning::norm_blown_up));
  thought_log shrunk(false, engine_.model("main").tokenizer);
  shrunk.add(std::vector{6.0F}, {});
  shrunk.add(std::vector{2.9F}, {});
  EXPECT_THAT(shrunk.take().warnings, ElementsAre(thought_warning::norm_blown_up));
}

TEST_F(thought_logs, show_parts_of_characters_and_padding_as_what_they_are) {
  thought_log log(true, engine_.model("main").tokenizer);
  std::vector<float> scores(300, 0.0F); // more than there are tokens
  scores[0xC3] = 5;
  scores[299] = 4;
  scores['a'] = 3;
  scores[257] = 2;
  log.add(std::vector{1.0F}, scores);
  const auto step = log.take().steps.at(0);
  EXPECT_EQ(step.tokens[0].text, "\xEF\xBF\xBD");
  EXPECT_EQ(step.tokens[1].text, "");
  EXPECT_EQ(step.tokens[1].id, 299);
  EXPECT_EQ(step.tokens[2].text, "a");
  EXPECT_EQ(step.tokens[3].text, "<|im_end|>");
}

TEST(thought, adds_up) {
  thought sum{{thought_step{.entropy = 1}}, {thought_warning::same_token}};
  sum += thought{{thought_step{.entropy = 2}}, {thought_warning::norm_blown_up, thought_warning::same_token}};
  EXPECT_EQ(sum.steps.size(), 2U);
  EXPECT_EQ(sum.steps[1].entropy, 2);
  EXPECT_THAT(sum.warnings, UnorderedElementsAre(thought_warning::same_token, thought_warning::norm_blown_up));
  EXPECT_FALSE(sum.empty());
  EXPECT_TRUE(thought().empty());
}

} // namespace
