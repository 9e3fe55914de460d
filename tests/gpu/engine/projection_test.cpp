// What one model of a device thinks, handed to another: alone, in company, with little memory, and made again.
#include <algorithm>
#include <limits>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/gpu/engine/lone_sequence.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"
#include "transport/message.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;

class projection_test : public tiny_engine_test {
protected:
  // "main" is qwen2 on bytes; "twin" has its vocabulary and other weights; "other" is llama on the same bytes in
  // another order, of which it lacks ten; "alien" knows none of these.
  engine make_all(std::optional<std::int64_t> positions = {}) {
    auto other = runnable_gguf("llama", 11);
    std::vector<std::string> tokens(byte_alphabet().rbegin(), byte_alphabet().rend());
    for (int i = 0; i < 10; ++i)
      tokens[i] = "lost" + std::to_string(i);
    tokens.insert(tokens.end(), {"<|im_start|>", "<|im_end|>"});
    other.texts("tokenizer.ggml.tokens", tokens);
    auto alien = runnable_gguf("qwen2", 13);
    for (int i = 0; auto& token : tokens)
      token = "alien" + std::to_string(i++);
    alien.texts("tokenizer.ggml.tokens", tokens);
    device_config config;
    config.models = {write_model(runnable_gguf("qwen2", 7), folder_.path() / "main.gguf"),
                     write_model(runnable_gguf("qwen2", 12), folder_.path() / "twin.gguf"),
                     write_model(other, folder_.path() / "other.gguf"),
                     write_model(alien, folder_.path() / "alien.gguf")};
    for (int i = 1; const auto* name : {"twin", "other", "alien"})
      config.models[i++].name = name;
    if (positions) // of each model
      config.kv_memory = *positions * tiny_position_bytes * 4;
    return engine(config);
  }

  static score_next scoring(const payload& context, const std::string& model = "main") {
    score_next work;
    work.id = next_request_id();
    work.model = model;
    work.context = context;
    return work;
  }

  static project projecting(std::shared_ptr<const vocabulary_scores> scores, const std::string& onto = "other") {
    project work;
    work.id = next_request_id();
    work.model = onto;
    work.scores = std::move(scores);
    return work;
  }

  template <class Work>
  static Work of(const std::string& model, Work work) {
    work.model = model;
    return work;
  }

  static std::shared_ptr<const vocabulary_scores> thought(engine& on, const std::string& text, int steps = 3) {
    return run(on, scoring(run(on, thinking(text, steps)).context)).scores;
  }

  static const projection_facts& facts_of(const result& projected) {
    return context_of(projected).history()->injected.facts;
  }

  static at::Tensor vector_of(const result& projected) {
    return at::tensor(context_of(projected).history()->injected.vectors.at(0));
  }
};

TEST_F(projection_test, scores_are_those_of_the_last_state) {
  const c10::InferenceMode no_gradients;
  auto on = make_all();
  const auto context = run(on, thinking("hello", 3));
  const auto scored = run(on, scoring(context.context));
  EXPECT_EQ(scored.context.body, context.context.body);
  EXPECT_EQ(scored.context_tokens, context.context_tokens);
  EXPECT_EQ(scored.counts, counts());
  const auto state = at::tensor(context_of(context).last_hidden_state()).unsqueeze(0);
  EXPECT_TRUE(at::equal(at::tensor(scored.scores->values), on.model("main").network.logits(state)[0]));
  EXPECT_EQ(scored.scores->tokens.get(), &on.model("main").tokenizer);
  EXPECT_EQ(scored.scores->recipe, context_of(context).history()->id());
  EXPECT_NEAR(scored.scores->hidden_state_norm, state.norm().item<double>(), 1e-5);
}

TEST_F(projection_test, a_projected_context_is_one_position_of_the_other_model) {
  const c10::InferenceMode no_gradients;
  auto on = make_all();
  const auto scores = thought(on, "hello");
  const auto made = run(on, projecting(scores));
  EXPECT_EQ(made.context_tokens, 1);
  EXPECT_EQ(made.counts.prompt_tokens, 0);
  EXPECT_EQ(made.counts.attended, 1);
  EXPECT_EQ(facts_of(made).method, projection_method::vocab_overlap);
  EXPECT_EQ(facts_of(made).shared_tokens, 248);
  EXPECT_GT(facts_of(made).dropped_mass, 0);

  // The mixture by hand.
  const auto &source = on.model("main").tokenizer, &target = on.model("other").tokenizer;
  const auto& network = on.model("other").network;
  std::vector<std::int32_t> ids;
  std::vector<float> shared;
  double norms = 0;
  for (std::int32_t id = 0; id < 258; ++id) {
    const std::vector<std::int32_t> theirs{id};
    norms += network.embed(theirs).norm().item<double>() / 258;
    for (std::int32_t from = 0; from < 258; ++from)
      if (source.token_bytes(from) == target.token_bytes(id))
        ids.push_back(id), shared.push_back(scores->values[from]);
  }
  auto expected = at::mv(network.embed(ids).t(), at::softmax(at::tensor(shared), 0));
  expected *= norms / expected.norm().item<double>();
  EXPECT_TRUE(at::allclose(vector_of(made), expected, 1e-4, 1e-6));

  const auto& history = *context_of(made).history();
  EXPECT_TRUE(history.parents.empty());
  EXPECT_EQ(history.injected.source, scores->recipe);
  const auto again = recipe::decode(history.encode(), [](const std::string&) { return nullptr; });
  EXPECT_EQ(again->id(), history.id());
  EXPECT_EQ(again->injected.vectors, history.injected.vectors);
  EXPECT_EQ(again->injected.facts, history.injected.facts);
  EXPECT_EQ(context_of(made).model().config.family, "llama");
}

TEST_F(projection_test, what_follows_has_seen_the_vector) {
  auto on = make_all();
  const auto one = run(on, projecting(thought(on, "hello"))), two = run(on, projecting(thought(on, "there")));
  EXPECT_NE(context_of(one).last_hidden_state(), context_of(two).last_hidden_state());
  const auto read = [&](const payload& context) {
    return context_of(run(on, of("other", thinking("and?", 2, context)))).last_hidden_state();
  };
  EXPECT_EQ(read(one.context), read(one.context));
  EXPECT_NE(read(one.context), read(two.context));
  const auto answer = run(on, of("other", generating("and?", 5, one.context)));
  EXPECT_EQ(context_of(answer).history()->parents.front(), context_of(one).history());
}

// The vector takes the place of a token at position 0: a token's own embedding gives the token's context.
TEST_F(projection_test, a_vector_that_is_a_token_is_read_like_the_token) {
  const c10::InferenceMode no_gradients;
  auto on = make_all();
  const auto made = run(on, projecting(thought(on, "hello")));
  auto history = *context_of(made).history();
  const std::vector<std::int32_t> token{65};
  const auto row = on.model("other").network.embed(token).contiguous();
  history.injected.vectors = {{row.const_data_ptr<float>(), row.const_data_ptr<float>() + row.numel()}};
  const auto injected = run(on, of("other", rebuilding(recipe::frozen(history))));
  history.injected = {};
  history.prompt = token;
  const auto read = run(on, of("other", rebuilding(recipe::frozen(history))));
  EXPECT_EQ(tokens_of(run(on, of("other", generating("and?", 8, injected.context)))),
            tokens_of(run(on, of("other", generating("and?", 8, read.context)))));
  EXPECT_TRUE(at::equal(context_of(injected).keys(1), context_of(read).keys(1)));
}

TEST_F(projection_test, company_and_memory_change_nothing) {
  auto large = make_all();
  std::vector<std::shared_ptr<const vocabulary_scores>> scores;
  std::vector<at::Tensor> vectors;
  std::vector<std::vector<std::int32_t>> answers;
  for (int i = 0; i < 6; ++i) {
    scores.push_back(thought(large, std::string(20, static_cast<char>('a' + i))));
    const auto made = run(large, projecting(scores.back()));
    vectors.push_back(vector_of(made));
    answers.push_back(tokens_of(run(large, of("other", generating("and?", 60, made.context)))));
  }
  auto small = make_all(160);
  std::vector<payload> thoughts(6);
  std::vector<std::optional<result>> done(6);
  for (int i = 5; i >= 0; --i) { // older ones come later and take the memory of those that run
    auto work = thinking(std::string(20, static_cast<char>('a' + i)), 3);
    work.task = i;
    small.submit(work, [&, i](engine::outcome outcome) {
      auto next = scoring(std::get<result>(std::move(outcome)).context);
      next.task = i;
      small.submit(next, [&, i](engine::outcome scored) {
        auto onto = projecting(std::get<result>(std::move(scored)).scores);
        onto.task = i;
        small.submit(onto, [&, i](engine::outcome projected) {
          const auto& made = std::get<result>(projected);
          EXPECT_TRUE(at::equal(vector_of(made), vectors[i])) << i;
          auto last = of("other", generating("and?", 60, made.context));
          last.task = i;
          small.submit(last, [&, i](engine::outcome answered) { done[i] = std::get<result>(std::move(answered)); });
        });
      });
    });
    for (int step = 0; step < 4; ++step)
      small.step();
  }
  drain(small);
  EXPECT_GT(small.counters().preemptions + small.counters().contexts_evicted, 0);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(done[i].has_value()) << i;
    EXPECT_EQ(tokens_of(*done[i]), answers[i]) << i;
  }
}

TEST_F(projection_test, is_made_again_without_the_source) {
  std::shared_ptr<const recipe> history;
  std::vector<std::int32_t> expected;
  {
    auto on = make_all();
    const auto made = run(on, of("other", thinking("on", 2, run(on, projecting(thought(on, "hello"))).context)));
    history = context_of(made).history();
    expected = tokens_of(run(on, of("other", generating("and?", 12, made.context))));
  }
  auto alone = make(512); // one model: the weights of "other" under another name
  device_config config;
  config.models = {write_model(runnable_gguf(), folder_.path() / "none.gguf")};
  config.models.front().source = (folder_.path() / "other.gguf").string();
  engine later(config);
  const auto again = run(later, rebuilding(history));
  EXPECT_EQ(tokens_of(run(later, generating("and?", 12, again.context))), expected);
  EXPECT_THAT(failure(alone, rebuilding(history), error_code::context_mismatch), HasSubstr("other weights"));
}

TEST_F(projection_test, an_evicted_thought_is_made_again_to_be_scored) {
  auto on = make_all(320);
  const auto context = run(on, thinking("hello", 3));
  const auto expected = run(on, scoring(context.context)).scores->values;
  evict_all(on, 320);
  EXPECT_FALSE(context_of(context).is_resident());
  EXPECT_EQ(run(on, scoring(context.context)).scores->values, expected);
  const auto rebuilt = run(on, rebuilding(context_of(context).history()));
  EXPECT_EQ(run(on, scoring(rebuilt.context)).scores->values, expected);
}

TEST_F(projection_test, joins_and_slices_hold_vectors) {
  auto on = make_all();
  const auto one = run(on, of("other", thinking("a", 2, run(on, projecting(thought(on, "hello"))).context)));
  const auto two = run(on, of("other", thinking("b", 2, run(on, projecting(thought(on, "there"))).context)));
  const auto joined = run(on, of("other", joining({one.context, two.context})));
  EXPECT_EQ(joined.context_tokens, one.context_tokens + two.context_tokens);
  const auto again = run(on, of("other", rebuilding(context_of(joined).history())));
  EXPECT_EQ(tokens_of(run(on, of("other", generating("and?", 8, again.context)))),
            tokens_of(run(on, of("other", generating("and?", 8, joined.context)))));
}

TEST_F(projection_test, models_of_one_vocabulary_share_all_rows) {
  auto on = make_all();
  const auto made = run(on, projecting(thought(on, "hello"), "twin"));
  EXPECT_EQ(facts_of(made).method, projection_method::vocab_mediated);
  EXPECT_EQ(facts_of(made).shared_tokens, 258);
  EXPECT_NEAR(facts_of(made).dropped_mass, 0, 1e-12);
}

TEST_F(projection_test, says_what_can_not_be_projected) {
  auto on = make_all();
  const auto refused = [&](const auto& work) { return failure(on, work, error_code::bad_request); };
  const auto scores = thought(on, "hello");
  EXPECT_THAT(refused(projecting(scores, "alien")),
              testing::AllOf(HasSubstr("from model 'main' onto model 'alien'"), HasSubstr("no token in common")));
  EXPECT_THAT(refused(projecting(nullptr)), HasSubstr("no scores of another model"));
  for (const float broken : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto changed = *scores;
    changed.values[100] = broken;
    EXPECT_THAT(refused(projecting(std::make_shared<vocabulary_scores>(changed))), HasSubstr("infinities or NaN"));
  }
  for (const double wrong : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    auto work = projecting(scores);
    work.temperature = wrong;
    EXPECT_THAT(refused(work), HasSubstr("temperature has to be above 0"));
  }
  EXPECT_THAT(refused(scoring({})), HasSubstr("came as bytes"));
  const auto bytes = encode(run(on, thinking("hello", 3)).context);
  ASSERT_TRUE(bytes.has_value());
  EXPECT_THAT(refused(scoring(*decode_payload({bytes->data(), bytes->size()}, nullptr))), HasSubstr("came as bytes"));

  const auto good = *context_of(run(on, projecting(scores))).history();
  const auto with = [&](std::vector<std::vector<float>> vectors) {
    auto changed = good;
    changed.injected.vectors = std::move(vectors);
    return of("other", rebuilding(recipe::frozen(std::move(changed))));
  };
  EXPECT_THAT(failure(on, with({{1, 2, 3}}), error_code::context_mismatch), HasSubstr("vectors of 3 numbers"));
  auto broken = good.injected.vectors.front();
  broken[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refused(with({broken})), HasSubstr("not finite"));
  EXPECT_THAT(refused(with({good.injected.vectors.front(), {1}})), HasSubstr("several widths"));
  EXPECT_EQ(run(on, projecting(scores)).context_tokens, 1); // the device goes on
}

} // namespace
