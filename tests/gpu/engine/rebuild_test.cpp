// Contexts made by their recipes, and what answers tell of themselves: certainty and counts.
#include <cmath>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/gpu/engine/lone_sequence.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"
#include "transport/message.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

class rebuild_test : public tiny_engine_test {};

std::shared_ptr<const recipe> changed(const recipe& from, const std::function<void(recipe&)>& change) {
  auto made = from;
  change(made);
  return recipe::frozen(std::move(made));
}

TEST_F(rebuild_test, a_rebuilt_context_is_the_context) {
  auto on = make();
  const auto thought = run(on, thinking("on", 3, run(on, generating("hello", 8)).context));
  const auto joined = run(on, joining({thought.context, run(on, thinking("aside", 4)).context}));
  auto later = make(); // as after a crash
  for (const auto& original : {thought, joined}) {
    const auto steps = later.counters().steps;
    const auto again = run(later, rebuilding(context_of(original).history()));
    EXPECT_EQ(later.counters().steps, steps); // it costs nothing yet
    EXPECT_EQ(later.counters().blocks_used, 0);
    EXPECT_EQ(again.context_tokens, original.context_tokens);
    EXPECT_EQ(again.counts, counts());
    EXPECT_EQ(again.context.meta.extra, original.context.meta.extra);
    EXPECT_FALSE(context_of(again).is_resident());
    EXPECT_TRUE(context_of(again).last_hidden_state().empty());
    EXPECT_THROW((void)context_of(again).keys(0), std::runtime_error);
    for (const std::string prompt : {"and?", ""})
      EXPECT_EQ(tokens_of(run(later, generating(prompt, 12, again.context))),
                tokens_of(run(on, generating(prompt, 12, original.context))));
    EXPECT_TRUE(context_of(again).is_resident());
    EXPECT_EQ(context_of(again).last_hidden_state(), context_of(original).last_hidden_state());
    EXPECT_TRUE(at::equal(context_of(again).keys(1), context_of(original).keys(1)));
    (void)run(later, joining({again.context, again.context}));
    later.submit(thinking("x", 0), [](const engine::outcome&) {});
    drain(later);
  }
  drain(later);
  EXPECT_EQ(later.counters().blocks_used, 0);
}

TEST_F(rebuild_test, rebuilt_contexts_give_way_like_others) {
  auto on = make(320);
  const auto thought = run(on, thinking("hello", 3));
  const auto expected = tokens_of(run(on, generating("and?", 12, thought.context)));
  const auto again = run(on, rebuilding(context_of(thought).history()));
  EXPECT_EQ(tokens_of(run(on, generating("and?", 12, again.context))), expected);
  evict_all(on, 320);
  EXPECT_FALSE(context_of(again).is_resident());
  EXPECT_EQ(tokens_of(run(on, generating("and?", 12, again.context))), expected);
}

TEST_F(rebuild_test, says_what_it_can_not_make) {
  auto on = make();
  const auto thought = run(on, thinking("hello", 3));
  const auto& history = *context_of(thought).history();
  const auto refused = [&](std::shared_ptr<const recipe> made, error_code code) {
    return failure(on, rebuilding(std::move(made)), code);
  };
  EXPECT_THAT(refused(nullptr, error_code::bad_request), HasSubstr("without a recipe"));
  EXPECT_THAT(refused(changed(history, [](recipe& made) { made.weights_digest = "ab"; }), error_code::context_mismatch),
              HasSubstr("other weights"));
  const auto other_numerics = changed(history, [](recipe& made) { made.numerics = "bfloat16"; });
  EXPECT_THAT(refused(other_numerics, error_code::context_mismatch), HasSubstr("\"bfloat16\""));
  const auto continued = changed(history, [&](recipe& made) { made.parents = {other_numerics}; });
  EXPECT_THAT(refused(continued, error_code::context_mismatch), HasSubstr("\"bfloat16\""));
  EXPECT_THAT(refused(changed(history, [](recipe& made) { made.latent_steps = 2000; }), error_code::context_too_long),
              HasSubstr("allows 1024"));
  EXPECT_THAT(refused(changed(history, [](recipe& made) { made.prompt = {300}; }), error_code::bad_request),
              HasSubstr("a token that model"));
  EXPECT_THAT(refused(changed(history, [](recipe& made) { made.prompt.clear(); }), error_code::bad_request),
              HasSubstr("without a prompt"));
  const auto empty = changed(history, [](recipe& made) { made.prompt.clear(), made.latent_steps = 0; });
  EXPECT_THAT(refused(empty, error_code::bad_request), HasSubstr("no positions"));

  const auto bytes = encode(thought.context);
  ASSERT_TRUE(bytes.has_value());
  const auto arrived = run(on, thinking("more", 1, *decode_payload({bytes->data(), bytes->size()}, nullptr)));
  EXPECT_THAT(refused(context_of(arrived).history(), error_code::bad_request), HasSubstr("bytes that came"));

  auto small = make(64);
  EXPECT_THAT(failure(small, rebuilding(changed(history, [](recipe& made) { made.latent_steps = 100; })),
                      error_code::context_too_long),
              HasSubstr("has room for 64"));
}

TEST_F(rebuild_test, certainty_is_that_of_the_model_itself) {
  auto on = make();
  auto work = generating("hello", 20);
  EXPECT_FALSE(run(on, work).certainty.has_value());
  work.wants_certainty = true;
  for (const float penalty : {1.0F, 1.3F}) {
    work.id = next_request_id();
    work.sampling.temperature = 1.7F;
    work.sampling.repetition_penalty = penalty;
    const auto answer = run(on, work);
    const auto plain = [&] {
      auto unasked = work;
      unasked.id = next_request_id();
      unasked.wants_certainty = false;
      return run(on, unasked);
    }();
    EXPECT_EQ(plain.text, answer.text);
    ASSERT_TRUE(answer.certainty.has_value());
    const auto& history = *context_of(answer).history();
    auto tokens = history.prompt;
    tokens.insert(tokens.end(), history.generated.begin(), history.generated.end());
    auto chosen = history.generated;
    if (answer.finish == finish_reason::end_of_turn)
      chosen.push_back(257);
    const c10::InferenceMode no_gradients;
    const auto& network = on.model("main").network;
    lone_sequence alone(network);
    const auto states = alone.feed(tokens).slice(0, static_cast<std::int64_t>(history.prompt.size()) - 1);
    const auto logs = at::log_softmax(network.logits(states).to(at::kDouble), 1)
                          .slice(0, 0, static_cast<std::int64_t>(chosen.size()));
    const auto picked = logs.gather(1, at::tensor(chosen, at::kInt).to(at::kLong).unsqueeze(1));
    EXPECT_NEAR(answer.certainty->log_probability, picked.mean().item<double>(), 1e-4);
    EXPECT_NEAR(answer.certainty->entropy, -(logs.exp() * logs).sum(1).mean().item<double>(), 1e-4);
  }
}

TEST_F(rebuild_test, counts_its_own_work_once) {
  const auto run_all = [&](engine& on) {
    std::vector<result> answers(5);
    for (auto i = answers.size(); i-- > 0;) { // older ones come later and take the memory of those that run
      auto work = generating(std::string(40, static_cast<char>('a' + i)), 60);
      work.task = i;
      on.submit(work, [&, i](engine::outcome outcome) { answers[i] = std::get<result>(std::move(outcome)); });
      for (int step = 0; step < 10; ++step)
        on.step();
    }
    drain(on);
    return answers;
  };
  auto large = make();
  const auto alone = run(large, generating(std::string(40, 'z'), 60));
  const auto rows = alone.context_tokens;
  EXPECT_EQ(alone.counts.attended, rows * (rows + 1) / 2);
  EXPECT_EQ(alone.counts.cache_bytes, rows * tiny_position_bytes);
  EXPECT_GT(alone.counts.device_ms, 0);

  auto apart = make();
  const auto first = run(apart, thinking("hello", 2)), second = run(apart, thinking("on", 3, first.context));
  const auto begin = first.context_tokens, count = second.context_tokens - begin;
  EXPECT_EQ(second.counts.attended, count * begin + count * (count + 1) / 2);
  EXPECT_EQ(second.counts.cache_bytes, count * tiny_position_bytes);

  auto small = make(160);
  const auto expected = run_all(large), under_pressure = run_all(small);
  EXPECT_GT(small.counters().preemptions, 0);
  EXPECT_GT(small.counters().rows.replayed, 0);
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(under_pressure[i].counts, expected[i].counts) << i;
  double together = 0;
  for (const auto& one : under_pressure)
    together += one.counts.device_ms;
  EXPECT_LE(together, small.counters().busy_seconds * 1000);
}

class request_log : public device_observer {
public:
  void on_step(const step_record& /*step*/, const device_counters& /*counters*/) override {}
  void on_request(const request_record& request, const device_counters& /*counters*/) override {
    seen.push_back(request.kind + (request.error.empty() ? "" : " failed"));
  }
  std::vector<std::string> seen;
};

TEST_F(rebuild_test, joins_and_rebuilds_are_seen_like_other_requests) {
  auto log = std::make_shared<request_log>();
  auto on = make({}, log);
  const auto one = run(on, thinking("hello", 2)), other = run(on, thinking("there", 2));
  (void)run(on, joining({one.context, other.context}));
  (void)run(on, joining({one.context}));
  (void)run(on, rebuilding(context_of(one).history()));
  (void)failure(on, joining({}), error_code::bad_request);
  EXPECT_EQ(log->seen, (std::vector<std::string>{"think", "think", "join", "join", "rebuild", "join failed"}));
  EXPECT_EQ(on.counters().requests_done, 5);
}

} // namespace
