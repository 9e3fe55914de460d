// Models that guess for others: which may, what they hold, and that they change no answer.
#include <algorithm>
#include <limits>

#include <gmock/gmock.h>

#include "gpu/model/model_error.hpp"
#include "tests/gpu/engine/guesses_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

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
