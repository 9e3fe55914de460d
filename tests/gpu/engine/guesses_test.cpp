// Decoding with guesses is decoding: the same tokens, texts, contexts and recipes, whatever is guessed.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <tuple>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/engine/prompt_lookup.hpp"
#include "gpu/engine/token_guesser.hpp"
#include "gpu/model/model_error.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

/// F32 to Q8_0, one float16 scale for every 32 values, so that native has blocks.
void to_blocks(gguf_writer::tensor& tensor) {
  std::string blocks;
  for (std::size_t at = 0; at < tensor.data.size(); at += 128) {
    blocks += bytes_of(std::uint16_t{0x2008}); // 1/127
    for (std::size_t i = 0; i < 32; ++i) {
      float value = 0;
      std::memcpy(&value, tensor.data.data() + at + i * 4, 4);
      blocks += static_cast<char>(std::lround(value * 127));
    }
  }
  tensor.type = 8;
  tensor.data = blocks;
}

/// Multiplies some of the values of a tensor.
void scale(gguf_writer::tensor& tensor, std::size_t begin, std::size_t end, float factor) {
  for (std::size_t i = begin; i < end; ++i) {
    float value = 0;
    std::memcpy(&value, tensor.data.data() + i * sizeof value, sizeof value);
    tensor.data.replace(i * sizeof value, sizeof value, bytes_of(value * factor));
  }
}

/// A model that has a few words, and repeats itself: the next one is first of all a matter of the last one.
gguf_writer repeating_gguf() {
  auto file = runnable_gguf();
  file.u32("qwen2.context_length", 1024);
  for (const auto* name : {"blk.0.attn_output.weight", "blk.1.attn_output.weight"})
    scale(file.tensors.at(name), 0, tiny_hidden * tiny_hidden, 0.1F);
  for (std::size_t token = 0; token < 258; ++token)
    if (token < 'a' || token > 'h')
      scale(file.tensors.at("token_embd.weight"), token * tiny_hidden, (token + 1) * tiny_hidden,
            token == 257 ? 0.6F : 0.1F);
  return file;
}

/// A small model that mostly says the same, and is sure of it.
gguf_writer guessing_gguf() {
  auto file = repeating_gguf();
  scale(file.tensors.at("blk.1.attn_output.weight"), 0, tiny_hidden * tiny_hidden, 3);
  scale(file.tensors.at("output_norm.weight"), 0, tiny_hidden, 1000);
  return file;
}

/// The same with another token for each: it is never right.
gguf_writer wrong_gguf() {
  auto file = guessing_gguf();
  auto output = file.tensors.at("token_embd.weight");
  constexpr auto row = tiny_hidden * sizeof(float);
  const auto words = output.data.substr('a' * row, 8 * row);
  output.data.replace('a' * row, 8 * row, words.substr(row) + words.substr(0, row));
  file.tensors["output.weight"] = output;
  return file;
}

/// Times of passes in which guesses pay, so that there are some.
const std::map<std::string, pass_times> cheap_rows = {{"main", pass_times({.first = 1, .further = 0.1})},
                                                      {"small", pass_times({.first = 0.02, .further = 0.0005})}};

const draft_source small_model{"small"};

/// Everything that an answer is, but for time and guesses.
struct whole_answer {
  std::string text, streamed, recipe;
  int finish = 0;
  std::vector<std::byte> cache;
  std::vector<float> hidden;
  std::int64_t context_tokens = 0;
  counts counted;
  double log_probability = 0, entropy = 0;

  bool operator==(const whole_answer&) const = default;
};

class guesses_test : public tiny_engine_test {
protected:
  engine make(std::optional<draft_source> draft, std::optional<std::int64_t> positions = {}) {
    device_config config;
    config.models = {model("main", repeating_gguf())};
    config.models.front().draft = draft;
    if (draft == small_model)
      config.models.push_back(model("small", guessing_gguf()));
    if (positions)
      config.kv_memory = *positions * tiny_position_bytes * static_cast<std::int64_t>(config.models.size()) /
                         (format() == weight_format::float32 ? 1 : 2);
    return engine(config, cheap_rows);
  }

  model_spec model(const std::string& name, gguf_writer gguf) {
    if (format() == weight_format::native)
      for (auto& [tensor_name, tensor] : gguf.tensors)
        if (tensor.shape.size() == 2)
          to_blocks(tensor);
    auto spec = write_model(gguf, folder_.path() / (name + ".gguf"), format());
    spec.name = name;
    return spec;
  }

  [[nodiscard]] virtual weight_format format() const { return weight_format::float32; }

  /// An answer that repeats what its prompt says.
  static generate repeating(int number, int tokens) {
    auto work = generating("abcabcabcabc" + std::string(number % 5, static_cast<char>('a' + number % 26)), tokens);
    work.task = static_cast<std::uint64_t>(number);
    work.seed = static_cast<std::uint64_t>(number);
    work.sampling.temperature = number % 3 == 0 ? 0.0F : number % 3 == 1 ? 0.02F : 0.05F;
    work.sampling.top_p = 1;
    work.sampling.repetition_penalty = number % 4 == 3 ? 1.05F : 1.0F;
    work.wants_certainty = number % 2 == 0;
    return work;
  }

  static whole_answer whole(const result& from, std::string streamed) {
    whole_answer made;
    made.text = from.text;
    made.streamed = std::move(streamed);
    made.recipe = context_of(from).history()->encode();
    made.finish = static_cast<int>(from.finish);
    made.cache.resize(from.context.body->size());
    from.context.body->write(0, made.cache);
    made.hidden = context_of(from).last_hidden_state();
    made.context_tokens = from.context_tokens;
    made.counted = from.counts;
    if (from.certainty)
      std::tie(made.log_probability, made.entropy) =
          std::pair(from.certainty->log_probability, from.certainty->entropy);
    return made;
  }

  /// Runs all of them at once.
  static std::vector<whole_answer> run_all(engine& on, const std::vector<generate>& works) {
    std::vector<std::string> streamed(works.size());
    std::vector<whole_answer> answers(works.size());
    for (std::size_t i = 0; i < works.size(); ++i) {
      auto work = works[i];
      work.id = next_request_id();
      work.on_text = [&, i](std::string_view text) { streamed[i] += text; };
      on.submit(work, [&, i](engine::outcome came) {
        if (auto* error = std::get_if<caf::error>(&came))
          ADD_FAILURE() << i << ": " << text_of(*error);
        else
          answers[i] = whole(std::get<result>(came), streamed[i]);
      });
    }
    drain(on);
    return answers;
  }

  static whole_answer run_one(engine& on, const generate& work) { return run_all(on, {work}).front(); }

  /// What is used when all requests are through is what contexts hold.
  static void expect_nothing_left(engine& on) {
    drain(on);
    EXPECT_EQ(on.counters().blocks_used, 0);
  }
};

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

class token_guesser_test : public tiny_engine_test {
protected:
  static token_guesser guesser_on(const engine& on) {
    return {on.model("main").tokenizer, std::make_unique<prompt_lookup>(),
            std::make_shared<guess_pace>(cheap_rows.at("main"))};
  }
};

TEST_F(token_guesser_test, keeps_to_a_pass) {
  auto on = make();
  auto guesser = guesser_on(on);
  EXPECT_TRUE(guesser.is_new());
  const std::vector<std::int32_t> context{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, prompt{90, 1, 2};
  std::vector<std::int32_t> answer{3};
  guesser.read(context, prompt);
  EXPECT_FALSE(guesser.is_new());
  EXPECT_EQ(guesser.guess(answer, 1, 0), 0);
  for (int pass = 0; guesser.guess(answer, 1, 2) < 2 && pass < 5; ++pass) { // until it trusts itself
    EXPECT_FALSE(guesser.comes_true(answer.back() + 1)) << "its rows have not run";
    guesser.ran(at::ones({2, 8}));
    ASSERT_TRUE(guesser.comes_true(answer.back() + 1));
    EXPECT_EQ(guesser.accept().size(0), 1);
    EXPECT_EQ(guesser.end_pass(), 1);
    answer.push_back(answer.back() + 1);
  }
  const auto last = answer.back();
  EXPECT_THAT(guesser.tokens(3), testing::ElementsAre(last, last + 1, last + 2));
  guesser.ran(at::arange(3).view({3, 1}));
  EXPECT_FALSE(guesser.comes_true(last + 2));
  EXPECT_TRUE(guesser.comes_true(last + 1));
  EXPECT_EQ(guesser.accept().item<int>(), 1);
  EXPECT_TRUE(guesser.comes_true(last + 2));
  EXPECT_EQ(guesser.end_pass(), 1);
  EXPECT_EQ(guesser.count(), 0);
  EXPECT_FALSE(guesser.states().defined());
}

TEST_F(token_guesser_test, rests_for_a_pass_after_one_that_broke) {
  auto on = make();
  auto guesser = guesser_on(on);
  const std::vector<std::int32_t> prompt{1, 2, 3, 4, 1, 2}, answer{3};
  guesser.read({}, prompt);
  EXPECT_GT(guesser.guess(answer, 1, 2), 0);
  guesser.drop();
  EXPECT_EQ(guesser.count(), 0);
  EXPECT_EQ(guesser.guess(answer, 1, 2), 0);
  EXPECT_GT(guesser.guess(answer, 1, 2), 0);
}

TEST_F(token_guesser_test, guesses_no_end_of_turn) {
  auto on = make();
  auto guesser = guesser_on(on);
  const std::vector<std::int32_t> prompt{1, 2, 3, 4, 257, 6, 1, 2}, answer{3};
  guesser.read({}, prompt);
  EXPECT_EQ(guesser.guess(answer, 1, 3), 1);
  const std::vector<std::int32_t> longer{3, 4};
  (void)guesser.end_pass();
  EXPECT_EQ(guesser.guess(longer, 1, 3), 0);
}

/// Guesses of one model for another one.
class draft_models : public guesses_test {
protected:
  /// A device with a model that `small` guesses for.
  engine with(model_spec small, const std::map<std::string, pass_times>& times = cheap_rows,
              std::optional<std::int64_t> positions = {}) {
    device_config config;
    config.models = {model("main", repeating_gguf()), std::move(small)};
    config.models.front().draft = small_model;
    if (positions)
      config.kv_memory = *positions * tiny_position_bytes * 2;
    return engine(config, times);
  }

  std::string refusal(device_config config) {
    config.models.front().draft = small_model;
    try {
      const engine on(config);
    } catch (const model_error& error) {
      return error.what();
    }
    return "nothing";
  }

  /// That an answer is what it is without guesses. Returns what was counted.
  row_counts expect_same(engine& on, int number, int tokens) {
    auto plain = make({});
    EXPECT_EQ(run_one(on, repeating(number, tokens)), run_one(plain, repeating(number, tokens))) << number;
    return on.counters().rows;
  }
};

TEST_F(draft_models, are_on_the_same_device) {
  device_config config;
  config.models = {model("main", repeating_gguf())};
  EXPECT_EQ(refusal(config), "draft = \"model:small\" of model 'main': there is no such model on device 'cpu'; it has: "
                             "main");
  config.models.push_back(config.models.front());
  config.models.back().name = "small";
  EXPECT_EQ(refusal(config), "draft = \"model:small\" of model 'main': that is the same model, which gains nothing by "
                             "its own guesses");
}

TEST_F(draft_models, have_the_same_tokens) {
  auto other = guessing_gguf();
  auto tokens = std::vector<std::string>(byte_alphabet().begin(), byte_alphabet().end());
  std::swap(tokens['a'], tokens['b']);
  tokens.insert(tokens.end(), {"<|im_start|>", "<|end|>"});
  other.texts("tokenizer.ggml.tokens", tokens);
  device_config config;
  config.models = {model("main", repeating_gguf()), model("small", other)};
  EXPECT_EQ(refusal(config),
            "model 'small' can't guess for model 'main': 3 tokens are not the same in both (of 258 and "
            "258); use a smaller model of the same family, or draft = \"prompt\"");
}

// Tables are filled up with tokens that no text is made of.
TEST_F(draft_models, may_have_more_tokens_that_are_none) {
  auto wide = guessing_gguf();
  std::vector<std::string> tokens(byte_alphabet().begin(), byte_alphabet().end());
  tokens.insert(tokens.end(), {"<|im_start|>", "<|im_end|>", "[PAD258]", "[PAD259]"});
  std::vector<std::int32_t> kinds(256, 1);
  kinds.insert(kinds.end(), {3, 3, 5, 5});
  wide.texts("tokenizer.ggml.tokens", tokens);
  wide.integers("tokenizer.ggml.token_type", kinds);
  auto& table = wide.tensors.at("token_embd.weight");
  table.shape = {260, tiny_hidden};
  table.data += table.data.substr('a' * tiny_hidden * sizeof(float), 2 * tiny_hidden * sizeof(float)); // as likely
  auto on = with(model("small", wide));
  EXPECT_GT(expect_same(on, 0, 60).accepted, 10);
}

// Whose guesses are all wrong: a few are tried.
TEST_F(draft_models, are_left_alone_where_they_are_of_no_use) {
  auto on = with(model("small", wrong_gguf()));
  const auto rows = expect_same(on, 0, 400);
  EXPECT_GT(rows.guessed, 0);
  EXPECT_LT(rows.guessed, 100);
}

// However right it is.
TEST_F(draft_models, are_left_alone_where_they_take_as_long) {
  auto on = with(model("small", guessing_gguf()),
                 {{"main", pass_times({.first = 1, .further = 0.1})}, {"small", pass_times({.first = 1})}});
  EXPECT_LT(expect_same(on, 0, 400).guessed, 100);
}

// Reading is paid for by what it gains.
TEST_F(draft_models, read_no_prompt_before_the_last_one_is_paid_off) {
  for (const bool is_right : {false, true}) {
    auto on = with(
        model("small", is_right ? guessing_gguf() : wrong_gguf()),
        {{"main", pass_times({.first = 1, .further = 0.1})}, {"small", pass_times({.first = 0.05, .further = 0.05})}});
    std::vector<std::int64_t> guessed;
    for (int answer = 0; answer < 4; ++answer) {
      auto work = repeating(0, 60);
      work.messages = {{"user", std::string(300, 'x') + "abcabcabcabc"}};
      guessed.push_back(run(on, work).counts.guessed_tokens);
    }
    EXPECT_GT(guessed[0], 0);
    if (is_right)
      EXPECT_THAT(guessed, testing::Each(testing::Gt(0)));
    else
      EXPECT_THAT(std::span(guessed).subspan(1), testing::Each(0));
  }
}

TEST_F(draft_models, that_break_down_guess_nothing) {
  auto broken = guessing_gguf();
  scale(broken.tensors.at("blk.1.attn_output.weight"), 0, tiny_hidden * tiny_hidden,
        std::numeric_limits<float>::infinity());
  auto on = with(model("small", broken));
  EXPECT_EQ(expect_same(on, 0, 60).guessed, 0);
}

TEST_F(draft_models, guess_as_far_as_their_own_positions_go) {
  auto brief = guessing_gguf();
  brief.u32("qwen2.context_length", 128);
  auto on = with(model("small", brief)), longer = with(model("small", guessing_gguf()));
  const auto few = expect_same(on, 0, 400).guessed, many = expect_same(longer, 0, 400).guessed;
  EXPECT_GT(few, 0);
  EXPECT_LT(few, many / 2);
}

// It answers requests of its own beside that, which take its blocks as if they were free.
TEST_F(draft_models, have_all_their_blocks_for_requests_of_their_own) {
  const auto run_on = [&](engine& on) {
    std::vector<std::string> texts(8);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto work = repeating(static_cast<int>(i), i % 2 == 0 ? 120 : 60);
      work.id = next_request_id();
      work.model = i % 2 == 0 ? "main" : "small";
      on.submit(work, [&, i](engine::outcome came) { texts[i] = std::get<result>(came).text; });
      for (int step = 0; step < 20; ++step)
        on.step();
    }
    drain(on);
    return texts;
  };
  const auto engine_with = [&](std::optional<draft_source> draft) {
    device_config config;
    config.models = {model("main", repeating_gguf()), model("small", guessing_gguf())};
    config.models.front().draft = draft;
    config.kv_memory = 2 * 256 * tiny_position_bytes;
    return engine(config, cheap_rows);
  };
  auto plain = engine_with({}), drafted = engine_with(small_model);
  EXPECT_EQ(run_on(drafted), run_on(plain));
  EXPECT_GT(drafted.counters().rows.accepted, 50);
  expect_nothing_left(drafted);
}

// A request that fills its whole cache finds it empty.
TEST_F(draft_models, give_way_to_a_request_of_their_own) {
  auto on = with(model("small", guessing_gguf()), cheap_rows, 256);
  auto answer = repeating(0, 150);
  answer.id = next_request_id();
  on.submit(answer, [](const engine::outcome&) {});
  for (int step = 0; step < 10; ++step)
    on.step();
  EXPECT_GT(on.counters().rows.accepted, 0);
  auto own = generating(std::string(150, 'a'), 60);
  own.model = "small";
  std::string error = "not answered";
  on.submit(own, [&](engine::outcome came) {
    error = std::holds_alternative<result>(came) ? "" : text_of(std::get<caf::error>(came));
  });
  drain(on);
  EXPECT_EQ(error, "");
  EXPECT_EQ(on.counters().preemptions, 0);
}

} // namespace
