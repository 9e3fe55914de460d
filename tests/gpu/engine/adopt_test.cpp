// Ends of contexts that came from another device, on top of beginnings that are here.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "gpu/cache/context_slice.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"
#include "transport/message.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

/// A slice as it comes over a socket.
payload sent(const payload& context, std::int64_t first) {
  auto slice = slice_of(context, first);
  if (!slice)
    throw std::runtime_error(slice.error().message);
  const auto bytes = encode(*slice);
  if (!bytes)
    throw std::runtime_error(bytes.error().message);
  auto owner = std::make_shared<std::vector<std::byte>>(bytes->bytes().begin(), bytes->bytes().end());
  return *decode_payload(*owner, owner);
}

class adopt_test : public tiny_engine_test {
protected:
  /// Contexts of one engine, each continuing the one before: prompts, latent steps, answers, short and long.
  static std::vector<result> chain_on(engine& on) {
    std::vector<result> hops{run(on, thinking("hello", 3))};
    hops.push_back(run(on, thinking("a longer prompt, which fills more than one block", 5, hops.back().context)));
    hops.push_back(run(on, generating("so", 9, hops.back().context)));
    hops.push_back(run(on, generating("", 1, hops.back().context)));
    hops.push_back(run(on, generating("", 1, hops.back().context)));
    hops.push_back(run(on, thinking(std::string(70, 'x'), 0, hops.back().context)));
    return hops;
  }

  static result adopted(engine& on, const result& original, const payload& base) {
    const auto first = base.body ? dynamic_cast<const kv_context&>(*base.body).tokens() : 0;
    return run(on, adopting(context_of(original).history(), base, sent(original.context, first)));
  }

  static void expect_same(const result& a, const result& b) {
    EXPECT_EQ(context_of(a).history()->id(), context_of(b).history()->id());
    EXPECT_EQ(a.context.meta, b.context.meta);
    EXPECT_EQ(context_of(a).last_hidden_state(), context_of(b).last_hidden_state());
    EXPECT_FALSE(context_of(a).last_hidden_state().empty());
    for (const int layer : {0, 1}) {
      EXPECT_TRUE(at::equal(context_of(a).keys(layer), context_of(b).keys(layer)));
      EXPECT_TRUE(at::equal(context_of(a).values(layer), context_of(b).values(layer)));
    }
  }

  static void expect_same_future(engine& on, const result& a, engine& there, const result& b) {
    for (const std::string prompt : {"and?", ""})
      EXPECT_EQ(tokens_of(run(on, generating(prompt, 12, a.context))),
                tokens_of(run(there, generating(prompt, 12, b.context))));
    expect_same(run(on, thinking("more", 4, a.context)), run(there, thinking("more", 4, b.context)));
  }
};

TEST_F(adopt_test, an_adopted_context_is_the_context) {
  for (const auto dtype : {data_type::float32, data_type::bfloat16}) {
    auto there = make({}, {}, dtype), here = make({}, {}, dtype);
    const auto hops = chain_on(there);
    payload base;
    for (const auto& original : hops) { // each from nothing, and on the one before
      const auto steps = here.counters().steps;
      const auto from_nothing = adopted(here, original, {});
      const auto before = base.body ? dynamic_cast<const kv_context&>(*base.body).tokens() : 0;
      const auto on_base = adopted(here, original, base);
      EXPECT_EQ(here.counters().steps, steps);
      EXPECT_EQ(on_base.context_tokens, original.context_tokens);
      EXPECT_EQ(on_base.counts.cache_bytes,
                (original.context_tokens - before) * tiny_position_bytes / (dtype == data_type::float32 ? 1 : 2));
      EXPECT_EQ(on_base.counts.computed_tokens, 0);
      expect_same(from_nothing, original);
      expect_same(on_base, original);
      expect_same_future(here, on_base, there, original);
      base = on_base.context;
    }
    const auto same = adopted(here, hops[5], base); // nothing is missing
    expect_same(same, hops[5]);
    expect_same_future(here, same, there, hops[5]);
    expect_same(adopted(here, hops[5],
                        run(here, adopting(context_of(hops[1]).history(), {}, sent(hops[1].context, 0))).context),
                hops[5]); // over several hops
  }
}

TEST_F(adopt_test, a_base_may_be_made_here_and_is_shared) {
  auto there = make(), here = make();
  const auto first = run(there, thinking("hello, " + std::string(80, 'y'), 3));
  const auto second = run(there, thinking("on", 4, first.context));
  const auto own = run(here, thinking("hello, " + std::string(80, 'y'), 3));
  const auto used = here.counters().blocks_used;
  const auto adopted_one = adopted(here, second, own.context);
  EXPECT_LE(here.counters().blocks_used, used + 1);
  expect_same(adopted_one, second);
  const auto other = run(here, generating("here", 5, own.context)); // beside it, in the same last block
  expect_same(adopted_one, second);
  EXPECT_EQ(tokens_of(other), tokens_of(run(there, generating("here", 5, first.context))));
}

TEST_F(adopt_test, a_joined_context_is_adopted_like_others) {
  auto there = make(), here = make();
  const auto begin = run(there, thinking("begin", 2));
  const auto one = run(there, thinking("one", 3, begin.context)),
             other = run(there, thinking("other", 3, begin.context));
  const auto joined = run(there, joining({one.context, other.context}));
  EXPECT_EQ(context_of(joined).history()->leading_parent(), context_of(one).history());
  const auto base = adopted(here, one, {});
  const auto adopted_one = adopted(here, joined, base.context);
  expect_same(adopted_one, joined);
  expect_same_future(here, adopted_one, there, joined);
}

TEST_F(adopt_test, adopted_contexts_give_way_like_others) {
  auto there = make(), here = make(320);
  const auto hops = chain_on(there);
  const auto base = adopted(here, hops[1], {});
  const auto adopted_one = adopted(here, hops[3], base.context);
  evict_all(here, 320);
  EXPECT_FALSE(context_of(base).is_resident());
  EXPECT_FALSE(context_of(adopted_one).is_resident());
  expect_same_future(here, adopted_one, there, hops[3]);
  expect_same(adopted_one, hops[3]);
  evict_all(here, 320); // the base is made again first
  const auto again = adopted(here, hops[2], base.context);
  expect_same(again, hops[2]);
  expect_same(base, hops[1]);
}

TEST_F(adopt_test, a_slice_keeps_its_context_where_it_is) {
  auto on = make(320);
  const auto thought = run(on, thinking("hello", 3));
  auto slice = slice_of(thought.context, 0);
  ASSERT_TRUE(slice.has_value());
  std::vector<std::byte> alone(slice->body->size()), whole(thought.context.body->size());
  slice->body->write(0, alone);
  thought.context.body->write(0, whole);
  EXPECT_EQ(alone, whole); // from the first position on it is what any peer reads
  EXPECT_EQ(slice->meta.tensor_shape, thought.context.meta.tensor_shape);

  const auto later = run(on, thinking("later", 3));
  evict_all(on, 320 - blocks_of(thought.context_tokens) * block_positions);
  EXPECT_TRUE(context_of(thought).is_resident());
  EXPECT_FALSE(context_of(later).is_resident());
  evict_all(on, 320); // somebody must be able to go on
  EXPECT_FALSE(context_of(thought).is_resident());
  EXPECT_THROW(slice->body->write(0, whole), std::runtime_error);
  const auto too_late = slice_of(thought.context, 0);
  ASSERT_FALSE(too_late.has_value());
  EXPECT_EQ(too_late.error().code, errc::rejected);
  for (const std::int64_t first : {std::int64_t{-1}, later.context_tokens + 1}) {
    const auto outside = slice_of(later.context, first);
    ASSERT_FALSE(outside.has_value());
    EXPECT_EQ(outside.error().code, errc::invalid_argument);
  }
  EXPECT_FALSE(slice_of({}, 0).has_value());
}

TEST_F(adopt_test, waits_for_room_and_comes_through) {
  auto there = make(), here = make(160);
  const auto original = run(there, thinking(std::string(90, 'z'), 3));
  std::optional<engine::outcome> answer, adopted_one;
  auto asked = generating(std::string(40, 'a'), 60);
  here.submit(asked, [&](engine::outcome came) { answer = std::move(came); });
  for (int step = 0; step < 5; ++step)
    here.step();
  auto work = adopting(context_of(original).history(), {}, sent(original.context, 0));
  work.task = 1;
  here.submit(work, [&](engine::outcome came) { adopted_one = std::move(came); });
  drain(here);
  ASSERT_TRUE(answer && adopted_one);
  expect_same(std::get<result>(*adopted_one), original);
}

TEST_F(adopt_test, refuses_what_is_not_missing) {
  auto there = make(), here = make();
  const auto hops = chain_on(there);
  const auto& history = context_of(hops[2]).history();
  const auto base = adopted(here, hops[1], {});
  const auto first = hops[1].context_tokens;
  const auto slice = sent(hops[2].context, first);
  const auto refused = [&](const std::shared_ptr<const recipe>& of, const payload& on, const payload& came,
                           error_code code = error_code::context_mismatch) {
    return failure(here, adopting(of, on, came), code);
  };
  const auto changed = [&](const std::string& key, const std::optional<std::string>& value) {
    auto other = slice;
    other.meta.extra.erase(key);
    if (value)
      other.meta.extra[key] = *value;
    return refused(history, base.context, other);
  };
  EXPECT_THAT(changed("weights_digest", "ab"), HasSubstr("digest ab"));
  EXPECT_THAT(changed("recipe", context_of(hops[3]).history()->id()), HasSubstr("is wanted"));
  EXPECT_THAT(changed("recipe", std::nullopt), HasSubstr("context none"));
  for (const auto* wrong : {"", "x", "-3", "1 ", "99999999999999999999"})
    EXPECT_THAT(changed("first_position", wrong), HasSubstr("at which position"));
  EXPECT_THAT(changed("first_position", "0"), HasSubstr("holds positions 0 to "));
  for (const auto* wrong : {"", "AAAA", "%%%%"})
    EXPECT_THAT(changed("hidden_state", wrong), HasSubstr("last hidden state"));

  const auto missing = std::to_string(first) + " to " + std::to_string(history->tokens()) + " are missing";
  EXPECT_THAT(refused(history, base.context, sent(hops[2].context, first - 1)), HasSubstr(missing));
  EXPECT_THAT(refused(history, {}, slice), HasSubstr("0 to " + std::to_string(history->tokens()) + " are missing"));
  EXPECT_THAT(refused(history, base.context, {}, error_code::bad_request), HasSubstr("without a slice"));
  EXPECT_THAT(refused(nullptr, base.context, slice, error_code::bad_request), HasSubstr("without a recipe"));

  const auto stranger = run(here, thinking("hullo", 3));
  EXPECT_THAT(refused(history, stranger.context, slice), HasSubstr("does not begin with"));
  EXPECT_THAT(refused(history, hops[1].context, slice), HasSubstr("of the same device"));
  EXPECT_THAT(refused(context_of(hops[0]).history(), base.context, slice), HasSubstr("does not begin with"));

  auto short_body = slice;
  short_body.body = stranger.context.body;
  EXPECT_THAT(refused(history, base.context, short_body), HasSubstr("shape"));

  const auto imported = run(there, thinking("more", 1, sent(hops[0].context, 0)));
  EXPECT_THAT(refused(context_of(imported).history(), {}, sent(imported.context, 0), error_code::bad_request),
              HasSubstr("bytes that came"));
  expect_same(adopted(here, hops[2], base.context), hops[2]); // none of this has left a trace
}

TEST_F(adopt_test, other_models_and_other_caches_are_refused) {
  auto there = make();
  const auto thought = run(there, thinking("hello", 3));
  const auto& history = context_of(thought).history();
  auto rounded = make({}, {}, data_type::bfloat16), other = make({}, {}, {}, 8);
  EXPECT_THAT(failure(rounded, adopting(history, {}, sent(thought.context, 0)), error_code::context_mismatch),
              HasSubstr("\"float32, cache float32\""));
  EXPECT_THAT(failure(other, adopting(history, {}, sent(thought.context, 0)), error_code::context_mismatch),
              HasSubstr("other weights"));

  const auto own = run(rounded, thinking("hello", 3)); // of the right recipe, in the wrong type
  auto lies = sent(thought.context, 0);
  lies.meta.extra["recipe"] = context_of(own).history()->id();
  EXPECT_THAT(failure(rounded, adopting(context_of(own).history(), {}, lies), error_code::context_mismatch),
              HasSubstr("its elements are float32"));
}

} // namespace
