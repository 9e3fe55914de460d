// Decoding with guesses is decoding: the same tokens, texts, contexts and recipes, whatever is guessed.
#include <algorithm>
#include <limits>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "gpu/engine/prompt_lookup.hpp"
#include "tests/gpu/engine/guesses_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

/// Of a format of weights, by what the context says or by a small model.
class guesses : public guesses_test, public testing::WithParamInterface<std::tuple<weight_format, draft_source>> {
protected:
  [[nodiscard]] weight_format format() const override { return std::get<0>(GetParam()); }
  [[nodiscard]] static const draft_source& source() { return std::get<1>(GetParam()); }
};

TEST_P(guesses, change_no_answer) {
  auto plain = make({}), drafted = make(source());
  for (int number = 0; number < 24; ++number) {
    const auto work = repeating(number, 60);
    EXPECT_EQ(run_one(drafted, work), run_one(plain, work)) << number;
  }
  EXPECT_EQ(plain.counters().rows.guessed, 0);
  const auto counted = drafted.counters();
  EXPECT_GT(counted.rows.accepted, 100) << counted.rows.guessed << " guessed";
  EXPECT_GT(counted.rows.guessed, counted.rows.accepted) << "some fail";
  EXPECT_EQ(counted.steps, plain.counters().steps - counted.rows.accepted);
  EXPECT_EQ(counted.rows.decode, plain.counters().rows.decode + counted.rows.guessed - counted.rows.accepted);
  expect_nothing_left(drafted);
}

// At every place of an answer, so also within a run of guesses that come true.
TEST_P(guesses, end_where_the_answer_ends) {
  auto plain = make({}), drafted = make(source());
  for (int number = 0; number < 3; ++number) {
    const auto text = run_one(plain, repeating(number, 40)).text;
    (void)run_one(drafted, repeating(number, 40)); // both know the prompt then
    for (int tokens = 1; tokens < 40; ++tokens) {
      const auto work = repeating(number, tokens);
      EXPECT_EQ(run_one(drafted, work), run_one(plain, work)) << number << ", " << tokens;
    }
    for (std::size_t place = 0; place + 3 < text.size(); place += 2) {
      auto work = repeating(number, 40);
      work.stop = {text.substr(place, 1 + place % 3), "no such words"};
      EXPECT_EQ(run_one(drafted, work), run_one(plain, work)) << number << ", " << place;
    }
  }
  EXPECT_GT(drafted.counters().rows.accepted, 200) << drafted.counters().rows.guessed << " guessed";
  expect_nothing_left(drafted);
}

TEST_P(guesses, change_nothing_among_many_and_without_memory) {
  std::vector<generate> works;
  for (int number = 0; number < 12; ++number)
    works.push_back(repeating(number, 50 + number));
  auto plain = make({});
  std::vector<whole_answer> expected;
  for (const auto& work : works)
    expected.push_back(run_one(plain, work));
  for (const auto positions : {4096, 448, 192}) {
    for (const std::size_t at_once : {2U, 5U, 12U}) {
      auto drafted = make(source(), positions);
      std::vector<whole_answer> answers;
      for (std::size_t begin = 0; begin < works.size(); begin += at_once) {
        const auto end = std::min(begin + at_once, works.size());
        for (auto& one : run_all(drafted, {works.begin() + static_cast<std::ptrdiff_t>(begin),
                                           works.begin() + static_cast<std::ptrdiff_t>(end)}))
          answers.push_back(std::move(one));
      }
      for (std::size_t i = 0; i < works.size(); ++i) {
        answers[i].counted.computed_tokens = expected[i].counted.computed_tokens; // prompts share blocks
        answers[i].counted.attended = expected[i].counted.attended;
        answers[i].counted.cache_bytes = expected[i].counted.cache_bytes;
        EXPECT_EQ(answers[i], expected[i]) << i << " of " << at_once << " in " << positions;
      }
      if (at_once < 12 ||
          source() == draft_source::prompt) { // a model has to read before, while few are left of twelve
        EXPECT_GT(drafted.counters().rows.accepted, 0) << at_once << " in " << positions;
      }
      expect_nothing_left(drafted);
    }
  }
}

// A task's older requests come later and take the blocks of those that run with guesses.
TEST_P(guesses, survive_preemption) {
  const auto run_on = [&](engine& on) {
    std::vector<whole_answer> answers(5);
    for (auto i = answers.size(); i-- > 0;) {
      auto work = repeating(static_cast<int>(i), 70);
      work.id = next_request_id();
      on.submit(work, [&, i](engine::outcome came) { answers[i] = whole(std::get<result>(came), ""); });
      for (int step = 0; step < 10; ++step)
        on.step();
    }
    drain(on);
    return answers;
  };
  auto plain = make({}), drafted = make(source(), 224);
  const auto expected = run_on(plain);
  auto answers = run_on(drafted);
  EXPECT_GT(drafted.counters().preemptions, 0);
  EXPECT_GT(drafted.counters().rows.accepted, 0);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].recipe, expected[i].recipe);
    EXPECT_EQ(answers[i].cache, expected[i].cache);
    EXPECT_EQ(answers[i].hidden, expected[i].hidden);
  }
  expect_nothing_left(drafted);
}

// They hold the same last block, and whoever comes first goes on in it.
TEST_P(guesses, leave_alone_who_continues_on_the_same_context) {
  const auto run_on = [&](engine& on, int thought, int begun) {
    auto first = run(on, thinking("abcabcabcabc" + std::string(static_cast<std::size_t>(thought), 'x'), 1));
    const auto before = context_of(first).keys(0).clone();
    std::vector<result> answers(4);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      auto work = repeating(static_cast<int>(i), 40);
      work.id = next_request_id();
      work.task = 0;
      work.context = first.context;
      if (i % 2 == 1)
        work.messages.clear();
      on.submit(work, [&, i](engine::outcome came) { answers[i] = std::get<result>(came); });
      for (int step = 0; step < begun; ++step)
        on.step();
    }
    drain(on);
    EXPECT_TRUE(at::equal(before, context_of(first).keys(0)));
    std::vector<whole_answer> all;
    for (const auto& answer : answers)
      all.push_back(whole(answer, ""));
    auto last = repeating(0, 30); // on what was decoded with guesses
    last.context = answers[1].context;
    all.push_back(run_one(on, last));
    return all;
  };
  for (int thought = 0; thought < 32; thought += 5)
    for (const int begun : {0, 3, 12}) {
      auto plain = make({}), drafted = make(source());
      EXPECT_EQ(run_on(drafted, thought, begun), run_on(plain, thought, begun)) << thought << ", " << begun;
      EXPECT_GT(drafted.counters().rows.accepted, 0);
      EXPECT_EQ(drafted.counters().blocks_copied, plain.counters().blocks_copied);
      expect_nothing_left(drafted);
    }
}

INSTANTIATE_TEST_SUITE_P(formats, guesses,
                         testing::Combine(testing::Values(weight_format::float32, weight_format::bfloat16,
                                                          weight_format::native, weight_format::int8,
                                                          weight_format::int4),
                                          testing::Values(draft_source::prompt, small_model)),
                         [](const auto& param) {
                           return std::string(name_of(std::get<0>(param.param))) + "_by_" +
                                  (std::get<1>(param.param).model.empty() ? "prompt" : "model");
                         });

// An end of turn is never guessed, but may come where guesses stand.
TEST_F(guesses_test, end_at_the_end_of_a_turn) {
  auto plain = make({}), drafted = make(draft_source::prompt);
  int ends = 0, ends_after_guesses = 0;
  for (int seed = 0; seed < 100 && (ends <= 5 || ends_after_guesses <= 2); ++seed) {
    auto work = repeating(0, 400);
    work.sampling.temperature = 0.045F;
    work.seed = static_cast<std::uint64_t>(seed);
    const auto before = drafted.counters().rows.accepted;
    const auto answer = run_one(drafted, work);
    EXPECT_EQ(answer, run_one(plain, work)) << seed;
    const bool ended = answer.finish == static_cast<int>(finish_reason::end_of_turn);
    ends += ended ? 1 : 0;
    ends_after_guesses += ended && drafted.counters().rows.accepted > before ? 1 : 0;
  }
  EXPECT_GT(ends, 5);
  EXPECT_GT(ends_after_guesses, 2) << ends << " ends";
}

// Behind the last token there may be no position any more.
TEST_F(guesses_test, stay_within_the_model) {
  auto plain = make({}), drafted = make(draft_source::prompt);
  const auto prompt = run_one(plain, repeating(0, 1)).counted.prompt_tokens;
  const auto work = repeating(0, static_cast<int>(1024 - prompt));
  const auto answer = run_one(drafted, work);
  EXPECT_EQ(answer, run_one(plain, work));
  EXPECT_EQ(answer.finish, static_cast<int>(finish_reason::length));
  EXPECT_GT(drafted.counters().rows.accepted, 500);
}

// Latent mode: what an agent before has read stands in the context and in no prompt.
TEST_F(guesses_test, go_by_what_agents_before_have_read) {
  const std::string text = "The quick brown fox jumps over the lazy dog. ";
  auto on = make(draft_source::prompt);
  const auto read = run(on, thinking(text, 2)),
             joined = run(on, joining({read.context, run(on, thinking("x", 0)).context}));
  recipe_layouts layouts;
  for (const auto& one : {read, joined}) {
    const auto tokens = layouts.tokens(context_of(one).history(), {0, one.context_tokens});
    EXPECT_EQ(std::ranges::count(tokens, prompt_lookup::no_token), 1);
    std::string all;
    for (const auto token : tokens)
      all += token >= 0 && token < 256 ? static_cast<char>(token) : '|';
    EXPECT_THAT(all, HasSubstr(text));
  }
}

TEST_F(guesses_test, of_a_request_that_is_cancelled_leave_nothing) {
  auto on = make(draft_source::prompt);
  for (int steps = 1; steps < 30; ++steps) {
    auto work = repeating(0, 300);
    work.id = next_request_id();
    std::string error;
    on.submit(work, [&](engine::outcome came) { error = text_of(std::get<caf::error>(came)); });
    for (int step = 0; step < steps; ++step)
      on.step();
    on.cancel(work.id);
    EXPECT_THAT(error, HasSubstr("cancelled"));
    EXPECT_EQ(on.counters().blocks_used, 0);
  }
  EXPECT_GT(on.counters().rows.accepted, 0);
}

TEST_F(guesses_test, do_not_outlast_a_time_limit) {
  auto on = make(draft_source::prompt);
  auto work = repeating(0, 900);
  work.time_limit = 0.01;
  EXPECT_THAT(failure(on, work, error_code::time_limit), HasSubstr("time limit"));
  EXPECT_EQ(on.counters().blocks_used, 0);
  EXPECT_EQ(run_one(on, repeating(0, 30)), [&] {
    auto plain = make({});
    return run_one(plain, repeating(0, 30));
  }());
}

// Nothing of a run of guesses is shown or counted behind the piece of text at which somebody's callback threw.
TEST_F(guesses_test, stop_where_a_callback_throws) {
  for (const auto& draft :
       {std::optional<draft_source>(), std::optional(draft_source::prompt), std::optional(small_model)}) {
    auto on = make(draft);
    for (int pieces = 1; pieces < 40; ++pieces) {
      auto work = repeating(0, 60);
      int shown = 0;
      work.on_text = [&](std::string_view) {
        if (++shown == pieces)
          throw std::runtime_error("nobody listens");
      };
      EXPECT_THAT(failure(on, work, error_code::internal), HasSubstr("nobody listens"));
      EXPECT_EQ(shown, pieces);
      EXPECT_EQ(on.counters().blocks_used, 0);
    }
  }
}

TEST_F(guesses_test, are_told_of_with_each_request_and_step) {
  class log : public device_observer {
  public:
    void on_step(const step_record& step, const device_counters& /*counters*/) override { rows += step.rows; }
    void on_request(const request_record& request, const device_counters& /*counters*/) override {
      all += request.counts;
    }
    row_counts rows;
    counts all;
  };
  const auto seen = std::make_shared<log>();
  device_config config;
  config.models = {write_model(repeating_gguf(), folder_.path() / "told.gguf")};
  config.models.front().draft = draft_source::prompt;
  config.observer = seen;
  engine on(config, cheap_rows);
  (void)run_all(on, {repeating(0, 50), repeating(1, 50)});
  const auto rows = on.counters().rows;
  EXPECT_GT(rows.accepted, 0);
  EXPECT_EQ(seen->rows.guessed, rows.guessed);
  EXPECT_EQ(seen->rows.accepted, rows.accepted);
  EXPECT_EQ(seen->all.guessed_tokens, rows.guessed);
  EXPECT_EQ(seen->all.accepted_tokens, rows.accepted);
}

// Two names of one model, loaded once: each as its own entry says.
TEST_F(guesses_test, are_a_matter_of_the_name) {
  device_config config;
  config.models = {write_model(repeating_gguf(), folder_.path() / "named.gguf")};
  config.models.push_back(config.models.front());
  config.models.back().name = "drafted";
  config.models.back().draft = draft_source::prompt;
  engine on(config, cheap_rows);
  EXPECT_EQ(&on.model("main"), &on.model("drafted"));
  auto work = repeating(0, 50);
  const auto plain = run(on, work);
  EXPECT_EQ(plain.counts.guessed_tokens, 0);
  work.model = "drafted";
  const auto drafted = run(on, work);
  EXPECT_GT(drafted.counts.accepted_tokens, 0);
  EXPECT_EQ(whole(drafted, ""), whole(plain, ""));
}

} // namespace
