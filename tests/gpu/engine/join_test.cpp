// Contexts put together: what is kept, where it comes to lie, and that it comes back when memory was short.
#include <algorithm>
#include <functional>
#include <set>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/gpu/engine/lone_sequence.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"
#include "transport/message.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

constexpr std::int64_t room = 640; // positions, where memory is to be short

class join_test : public tiny_engine_test {
protected:
  // A context that others fork from, of more than one block.
  result root(engine& on) { return run(on, thinking("What all of them have read.", 3)); }

  std::vector<result> branches(engine& on, const payload& from, int count = 4) {
    std::vector<result> made;
    for (int i = 0; i < count; ++i)
      made.push_back(
          run(on, thinking(std::string(static_cast<std::size_t>(5 + 4 * i), static_cast<char>('a' + i)), 2 + i, from)));
    return made;
  }

  static std::vector<payload> contexts_of(const std::vector<result>& results) {
    std::vector<payload> contexts;
    for (const auto& one : results)
      contexts.push_back(one.context);
    return contexts;
  }

  static at::Tensor turned(engine& on, const at::Tensor& keys, std::int64_t by) {
    const c10::InferenceMode no_gradients;
    const auto turn = on.model("main").network.rotation_by(by);
    const auto halves = keys.chunk(2, 2);
    const auto cos = turn.cos[0], sin = turn.sin[0]; // all layers are rotated alike
    return at::cat({halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin}, 2);
  }

  static payload as_bytes(const payload& context) {
    auto encoded = encode(context);
    EXPECT_TRUE(encoded.has_value());
    const auto bytes = std::make_shared<const byte_buffer>(std::move(*encoded));
    return *decode_payload({bytes->data(), bytes->size()}, bytes);
  }
};

TEST_F(join_test, one_whole_context_is_that_context) {
  auto on = make();
  const auto thought = root(on);
  const auto steps = on.counters().steps;
  for (const auto how : {merge::concatenate, merge::canonical}) {
    const auto joined = run(on, joining({thought.context}, how));
    EXPECT_EQ(joined.context.body, thought.context.body);
    EXPECT_EQ(joined.context_tokens, thought.context_tokens);
    EXPECT_EQ(joined.counts, counts());
  }
  EXPECT_EQ(run(on, joining({thought.context, thought.context})).context.body, thought.context.body);
  const auto arrived = as_bytes(thought.context);
  EXPECT_EQ(run(on, joining({arrived})).context.body, arrived.body);
  EXPECT_EQ(on.counters().moved_tokens, 0);
  EXPECT_EQ(on.counters().steps, steps);
}

TEST_F(join_test, what_all_begin_with_is_kept_once_and_not_copied) {
  auto on = make();
  const auto before = root(on);
  const auto both = branches(on, before.context, 2);
  const auto counted = on.counters();
  const auto joined = run(on, joining(contexts_of(both)));
  // Branches begin with the same tokens of the chat template as well.
  const auto moved = on.counters().moved_tokens - counted.moved_tokens;
  const auto common = both[1].context_tokens - moved;
  EXPECT_GE(common, before.context_tokens);
  EXPECT_LT(common, before.context_tokens + 10);
  EXPECT_EQ(joined.context_tokens, both[0].context_tokens + moved);
  EXPECT_EQ(joined.counts.cache_bytes, moved * tiny_position_bytes);
  EXPECT_EQ(on.counters().blocks_copied, counted.blocks_copied);
  EXPECT_EQ(on.counters().blocks_used - counted.blocks_used,
            blocks_of(joined.context_tokens) - blocks_of(both[0].context_tokens));
  const auto& history = *context_of(joined).history();
  EXPECT_EQ(history.spans,
            (std::vector<context_span>{{0, 0, both[0].context_tokens}, {1, common, both[1].context_tokens}}));
  EXPECT_EQ(history.parents[1], context_of(both[1]).history());
  EXPECT_EQ(history.tokens(), joined.context_tokens);
}

TEST_F(join_test, a_branch_that_begins_with_all_of_another_takes_its_place) {
  auto on = make();
  const auto before = root(on);
  const auto after = run(on, thinking("more", 2, before.context));
  EXPECT_EQ(run(on, joining({before.context, after.context})).context.body, after.context.body);
  EXPECT_EQ(run(on, joining({after.context, before.context})).context.body, after.context.body);
}

TEST_F(join_test, keys_are_turned_to_where_they_lie_and_values_stay) {
  auto on = make();
  const auto both = branches(on, root(on).context, 2);
  for (const bool rotate : {true, false}) {
    auto work = joining(contexts_of(both));
    work.rotate = rotate;
    const auto joined = run(on, work);
    const auto& span = context_of(joined).history()->spans.at(1);
    const auto length = span.end - span.begin, at = both[0].context_tokens;
    for (const std::int64_t layer : {0, 1}) {
      const auto keys = context_of(joined).keys(layer), values = context_of(joined).values(layer);
      EXPECT_TRUE(at::equal(keys.narrow(1, 0, at), context_of(both[0]).keys(layer)));
      EXPECT_TRUE(at::equal(values.narrow(1, 0, at), context_of(both[0]).values(layer)));
      const auto theirs = context_of(both[1]).keys(layer).narrow(1, span.begin, length);
      EXPECT_TRUE(at::equal(keys.narrow(1, at, length), rotate ? turned(on, theirs, at - span.begin) : theirs));
      EXPECT_TRUE(
          at::equal(values.narrow(1, at, length), context_of(both[1]).values(layer).narrow(1, span.begin, length)));
    }
    EXPECT_EQ(context_of(joined).history()->rotated, rotate);
  }
}

TEST_F(join_test, canonical_does_not_depend_on_arrival) {
  auto on = make();
  const auto all = contexts_of(branches(on, root(on).context));
  std::vector<std::size_t> order{0, 1, 2, 3};
  std::set<std::string> canonical, as_given;
  std::set<std::vector<std::int32_t>> answers;
  do {
    std::vector<payload> ordered;
    for (const auto place : order)
      ordered.push_back(all[place]);
    const auto joined = run(on, joining(ordered, merge::canonical));
    canonical.insert(context_of(joined).history()->id());
    answers.insert(tokens_of(run(on, generating("and?", 12, joined.context))));
    as_given.insert(context_of(run(on, joining(ordered))).history()->id());
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(canonical.size(), 1U);
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_EQ(as_given.size(), 24U);
  const auto doubled = run(on, joining({all[2], all[1], all[2], all[0], all[3], all[1]}, merge::canonical));
  EXPECT_EQ(*canonical.begin(), context_of(doubled).history()->id());
}

TEST_F(join_test, keeps_what_is_asked_for) {
  auto on = make();
  const auto before = root(on);
  const auto both = branches(on, before.context, 2); // 2 and 3 latent steps
  auto work = joining(contexts_of(both));
  work.hop_begins = before.context_tokens;
  work.keep = keep::last_agent;
  const auto hops = run(on, work);
  const auto& spans = context_of(hops).history()->spans;
  EXPECT_EQ(spans.front().begin, before.context_tokens);
  EXPECT_EQ(hops.context_tokens, on.counters().moved_tokens);
  EXPECT_EQ(hops.counts.cache_bytes, hops.context_tokens * tiny_position_bytes);
  const auto first_hop = both[0].context_tokens - before.context_tokens;
  EXPECT_TRUE(at::equal(
      context_of(hops).keys(1).narrow(1, 0, first_hop),
      turned(on, context_of(both[0]).keys(1).narrow(1, before.context_tokens, first_hop), -before.context_tokens)));

  work.id = next_request_id();
  work.keep = keep::latent_only;
  const auto steps = run(on, work);
  EXPECT_EQ(steps.context_tokens, 2 + 3);
  EXPECT_EQ(steps.context.meta.extra.at("num_steps"), "5");
  EXPECT_TRUE(at::equal(context_of(steps).values(0).narrow(1, 2, 3),
                        context_of(both[1]).values(0).narrow(1, both[1].context_tokens - 3, 3)));

  work.id = next_request_id(); // a part of one
  work.contexts.resize(1);
  EXPECT_EQ(run(on, work).context_tokens, 2);
  EXPECT_EQ(run(on, generating("and?", 3, steps.context)).context_tokens,
            run(on, generating("and?", 3)).context_tokens + 5);
}

// What a hop wrote behind its latent steps lies at the beginning then, turned back, and is what the reader had seen.
TEST_F(join_test, keeps_what_was_written_alone) {
  auto on = make(room);
  const auto before = run(on, thinking("a long story", 2));
  const auto thought = run(on, thinking("what of it?", 3, before.context));
  const auto note = run(on, generating("", 6, thought.context));
  const auto written = static_cast<std::int64_t>(tokens_of(note).size());
  ASSERT_GT(written, 0);
  auto work = joining({note.context});
  work.keep = keep::note;
  work.hop_begins = before.context_tokens;
  const auto kept = run(on, work);
  EXPECT_EQ(kept.context_tokens, written);
  const auto there = note.context_tokens - written;
  EXPECT_TRUE(at::equal(context_of(kept).values(1), context_of(note).values(1).narrow(1, there, written)));
  EXPECT_TRUE(
      at::equal(context_of(kept).keys(1), turned(on, context_of(note).keys(1).narrow(1, there, written), -there)));
  const auto answer = run(on, generating("and?", 4, kept.context));
  EXPECT_EQ(answer.context_tokens, run(on, generating("and?", 4)).context_tokens + written);
  evict_all(on, room);
  EXPECT_FALSE(context_of(kept).is_resident());
  EXPECT_EQ(tokens_of(run(on, generating("and?", 4, kept.context))), tokens_of(answer));

  work.id = next_request_id();
  work.contexts = {thought.context};
  EXPECT_THAT(failure(on, work, error_code::bad_request), HasSubstr("nothing of them is kept"));
}

// The state alone goes on, as a latent step at position 0 of an empty cache.
TEST_F(join_test, keeps_a_hidden_state_alone) {
  auto on = make(room);
  const auto thought = run(on, thinking("what of it?", 3, root(on).context));
  auto work = joining({thought.context});
  work.keep = keep::hidden_state;
  const auto kept = run(on, work);
  EXPECT_EQ(kept.context_tokens, 1);
  EXPECT_EQ(kept.counts.latent_steps, 1);
  EXPECT_EQ(kept.counts.attended, 1);
  EXPECT_EQ(kept.counts.cache_bytes, tiny_position_bytes);
  EXPECT_EQ(context_of(kept).history()->parents.at(0)->id(), context_of(thought).history()->id());

  auto loaded = load_model(write_model(runnable_gguf(), folder_.path() / "again.gguf"), at::kCPU);
  const auto state = context_of(thought).last_hidden_state();
  {
    const c10::InferenceMode no_gradients;
    lone_sequence alone(loaded->network);
    const auto after = alone.feed_inputs(loaded->network.latent_input(at::tensor(state).unsqueeze(0)));
    EXPECT_TRUE(at::allclose(after[-1], at::tensor(context_of(kept).last_hidden_state()), 1e-4, 1e-5));
  }
  const auto answer = run(on, generating("and?", 4, kept.context));
  EXPECT_EQ(answer.context_tokens, run(on, generating("and?", 4)).context_tokens + 1);
  EXPECT_NE(context_of(answer).last_hidden_state(), context_of(run(on, generating("and?", 4))).last_hidden_state());
  const auto further = run(on, thinking("", 2, kept.context));
  auto again = joining({further.context}); // of one that goes back to another
  again.keep = keep::hidden_state;
  const auto nested = run(on, again);
  const auto said = tokens_of(run(on, generating("so?", 4, nested.context)));
  const auto states = std::pair(context_of(kept).last_hidden_state(), context_of(nested).last_hidden_state());
  evict_all(on, room);
  for (const auto& one : {thought, kept, further, nested})
    EXPECT_FALSE(context_of(one).is_resident());
  EXPECT_EQ(tokens_of(run(on, generating("so?", 4, nested.context))), said);
  evict_all(on, room);
  EXPECT_EQ(tokens_of(run(on, generating("and?", 4, kept.context))), tokens_of(answer));
  EXPECT_EQ(states, std::pair(context_of(kept).last_hidden_state(), context_of(nested).last_hidden_state()));

  const auto rebuilt = run(on, rebuilding(context_of(nested).history()));
  EXPECT_EQ(tokens_of(run(on, generating("so?", 4, rebuilt.context))), said);
}

TEST_F(join_test, puts_hidden_states_side_by_side) {
  auto on = make(room);
  std::vector<result> kept;
  for (const auto& branch : branches(on, root(on).context, 2)) {
    auto work = joining({branch.context});
    work.keep = keep::hidden_state;
    kept.push_back(run(on, work));
  }
  const auto both = run(on, joining(contexts_of(kept)));
  EXPECT_EQ(both.context_tokens, 2);
  EXPECT_TRUE(at::equal(context_of(both).values(1).narrow(1, 0, 1), context_of(kept[0]).values(1)));
  EXPECT_TRUE(at::equal(context_of(both).keys(1).narrow(1, 1, 1), turned(on, context_of(kept[1]).keys(1), 1)));
  EXPECT_EQ(run(on, joining({kept[0].context, kept[0].context})).context.body, kept[0].context.body);
  const auto said = tokens_of(run(on, generating("and?", 4, both.context)));
  evict_all(on, room);
  EXPECT_FALSE(context_of(both).is_resident());
  EXPECT_EQ(tokens_of(run(on, generating("and?", 4, both.context))), said);
}

TEST_F(join_test, keeps_no_state_that_is_not_known) {
  auto on = make();
  const auto thought = root(on);
  auto work = joining({as_bytes(thought.context)});
  work.keep = keep::hidden_state;
  EXPECT_THAT(failure(on, work, error_code::bad_request), HasSubstr("came as bytes is not known"));
  work.contexts = {thought.context, thought.context};
  EXPECT_THAT(failure(on, work, error_code::bad_request), HasSubstr("one context at a time, and there are 2"));
  work.contexts = {run(on, thinking("more", 1, as_bytes(thought.context))).context};
  EXPECT_EQ(run(on, work).context_tokens, 1) << "what was read behind the bytes has a state";
}

TEST_F(join_test, a_joined_context_comes_back_as_it_was) {
  auto large = make();
  auto small = make(room);
  const auto answers_of = [&](engine& on, bool evicts) {
    std::vector<std::pair<std::vector<std::int32_t>, at::Tensor>> answers; // and the keys that they were given from
    const auto before = root(on);
    const auto all = branches(on, before.context);
    auto cut = joining(contexts_of(all), merge::canonical);
    cut.keep = keep::latent_only;
    cut.hop_begins = before.context_tokens;
    const auto whole = run(on, joining(contexts_of(all)));
    const auto steps = run(on, cut);
    const auto left = run(on, thinking("left", 2, whole.context)), right = run(on, thinking("right", 1, whole.context));
    const auto nested = run(on, joining({left.context, right.context, steps.context}));
    for (const auto& joined : {whole, steps, nested})
      for (const std::string prompt : {"and?", ""}) { // without one, the answer begins at the last state
        const auto replayed = on.counters().rows.replayed;
        if (evicts) {
          evict_all(on, room);
          EXPECT_FALSE(context_of(joined).is_resident());
        }
        auto tokens = tokens_of(run(on, generating(prompt, 12, joined.context)));
        EXPECT_EQ(on.counters().rows.replayed > replayed, evicts);
        answers.emplace_back(std::move(tokens), context_of(joined).keys(1));
      }
    return answers;
  };
  const auto rebuilt = answers_of(small, true), kept = answers_of(large, false);
  ASSERT_EQ(rebuilt.size(), kept.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(rebuilt[i].first, kept[i].first);
    EXPECT_TRUE(at::equal(rebuilt[i].second, kept[i].second));
  }
  for (auto* on : {&small, &large}) {
    drain(*on);
    EXPECT_EQ(on->counters().blocks_used, 0);
  }
}

TEST_F(join_test, contexts_without_memory_are_joined_all_the_same) {
  auto on = make(room);
  const auto all = branches(on, root(on).context);
  const auto expected = run(on, joining(contexts_of(all)));
  const auto keys = context_of(expected).keys(1);
  evict_all(on, room);
  const auto again = run(on, joining(contexts_of(all)));
  EXPECT_GT(on.counters().rows.replayed, 0);
  EXPECT_TRUE(at::equal(context_of(again).keys(1), keys));
  EXPECT_EQ(context_of(again).history()->id(), context_of(expected).history()->id());
  EXPECT_EQ(again.counts, expected.counts); // what was run again is not in it
  EXPECT_EQ(again.counts.computed_tokens, 0);

  evict_all(on, room);
  (void)run(on, generating("and?", 1, all[1].context)); // only this one is there
  EXPECT_TRUE(at::equal(context_of(run(on, joining(contexts_of(all)))).keys(1), keys));
}

// The root is computed once, not once for each branch.
TEST_F(join_test, what_branches_share_is_run_again_once) {
  auto on = make(room);
  const auto before = root(on);
  const auto all = branches(on, before.context);
  std::int64_t own = 0;
  for (const auto& one : all)
    own += one.context_tokens - before.context_tokens;
  evict_all(on, room);
  const auto replayed = on.counters().rows.replayed;
  (void)run(on, joining(contexts_of(all)));
  EXPECT_LE(on.counters().rows.replayed - replayed, before.context_tokens + own);
  EXPECT_GT(on.counters().rows.replayed - replayed, own);
}

TEST_F(join_test, two_that_continue_on_one_evicted_context_give_all_back) {
  auto on = make(room);
  {
    const auto joined = run(on, joining(contexts_of(branches(on, root(on).context, 2))));
    const auto alone = tokens_of(run(on, generating("left", 12, joined.context)));
    evict_all(on, room);
    std::vector<result> answers;
    for (const std::string text : {"left", "right"})
      on.submit(generating(text, 12, joined.context),
                [&](engine::outcome outcome) { answers.push_back(std::get<result>(std::move(outcome))); });
    drain(on);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_TRUE(tokens_of(answers[0]) == alone || tokens_of(answers[1]) == alone);
  }
  drain(on);
  EXPECT_EQ(on.counters().blocks_used, 0);
}

TEST_F(join_test, contexts_that_came_as_bytes_are_joined_as_well) {
  auto on = make(room);
  std::vector<payload> arrived;
  const auto all = branches(on, root(on).context, 3);
  for (const auto& one : all)
    arrived.push_back(as_bytes(one.context));
  auto work = joining(arrived);
  const auto joined = run(on, work);
  EXPECT_EQ(joined.context_tokens, all[0].context_tokens + all[1].context_tokens + all[2].context_tokens);
  const auto keys = context_of(joined).keys(1);
  const auto answer = tokens_of(run(on, generating("and?", 12, joined.context)));
  evict_all(on, room);
  EXPECT_EQ(tokens_of(run(on, generating("and?", 12, joined.context))), answer);
  EXPECT_TRUE(at::equal(context_of(joined).keys(1), keys));
  EXPECT_TRUE(context_of(joined).last_hidden_state().empty()); // bytes do not carry it
  EXPECT_THAT(failure(on, generating("", 3, joined.context), error_code::bad_request),
              HasSubstr("at least one message"));

  const auto mixed = run(on, joining({all[0].context, arrived[1]}));
  EXPECT_EQ(mixed.context_tokens, all[0].context_tokens + all[1].context_tokens);

  work.id = next_request_id();
  work.keep = keep::latent_only;
  EXPECT_THAT(failure(on, work, error_code::bad_request), HasSubstr("\"last_agent\""));
}

TEST_F(join_test, says_what_is_wrong) {
  auto on = make();
  const auto all = branches(on, root(on).context, 2);
  EXPECT_THAT(failure(on, joining({}), error_code::bad_request), HasSubstr("there are none"));
  EXPECT_THAT(failure(on, joining({payload()}), error_code::bad_request), HasSubstr("one of them is empty"));
  auto cut = joining(contexts_of(all));
  cut.keep = keep::last_agent;
  cut.hop_begins = 900;
  EXPECT_THAT(failure(on, cut, error_code::bad_request), HasSubstr("position 900"));
  cut.hop_begins = -1;
  EXPECT_THAT(failure(on, cut, error_code::bad_request), HasSubstr("position -1"));
  const auto read = run(on, thinking("no steps", 0));
  auto nothing = joining({read.context});
  nothing.keep = keep::latent_only;
  EXPECT_THAT(failure(on, nothing, error_code::bad_request), HasSubstr("nothing of them is kept"));

  const auto one = run(on, thinking(std::string(600, 'y'), 0)), other = run(on, thinking(std::string(600, 'z'), 0));
  const auto text = failure(on, joining({one.context, other.context}), error_code::context_too_long);
  EXPECT_THAT(text, HasSubstr("allows 1024"));
  EXPECT_THAT(text, HasSubstr("of 2 contexts"));

  engine stranger({"cpu", {}, {write_model(runnable_gguf("qwen2", 99), folder_.path() / "other.gguf")}});
  EXPECT_THAT(
      failure(on, joining({run(stranger, thinking("hello", 1)).context, all[0].context}), error_code::context_mismatch),
      HasSubstr("with other weights"));
}

// A join that memory is too short for waits, gives up and goes on like any other.
TEST_F(join_test, joins_among_others_where_memory_is_short) {
  const auto texts_of = [&](engine& on) {
    std::vector<std::vector<std::int32_t>> answers(6);
    std::function<void(std::uint64_t)> start = [&](std::uint64_t task) {
      auto first = thinking("a task with the number " + std::to_string(task), 3);
      first.task = task;
      on.submit(first, [&, task](engine::outcome outcome) {
        auto parts = std::make_shared<std::vector<payload>>();
        for (int i = 0; i < 3; ++i) {
          auto part = thinking(std::string(static_cast<std::size_t>(30 + 10 * i), static_cast<char>('a' + i)), 4,
                               std::get<result>(outcome).context);
          part.task = task;
          on.submit(part, [&, task, parts](engine::outcome thought) {
            parts->push_back(std::get<result>(thought).context);
            if (parts->size() < 3)
              return;
            auto together = joining(*parts, merge::canonical);
            together.task = task;
            parts->clear();
            on.submit(together, [&, task](engine::outcome joined) {
              auto last = generating("and?", 20, std::get<result>(joined).context);
              last.task = task;
              on.submit(last,
                        [&, task](engine::outcome answer) { answers[task] = tokens_of(std::get<result>(answer)); });
            });
          });
        }
      });
    };
    for (std::uint64_t task = 0; task < 6; ++task)
      start(task);
    int passes = 0;
    while (on.step())
      EXPECT_LT(++passes, 100000) << "no end";
    return answers;
  };
  auto large = make();
  auto small = make(448);
  const auto expected = texts_of(large);
  EXPECT_EQ(large.counters().contexts_evicted, 0);
  EXPECT_EQ(texts_of(small), expected);
  EXPECT_GT(small.counters().contexts_evicted, 0);
  EXPECT_GT(small.counters().preemptions, 0);
  for (auto* on : {&small, &large}) {
    drain(*on);
    EXPECT_EQ(on->counters().blocks_used, 0);
  }
}

} // namespace
