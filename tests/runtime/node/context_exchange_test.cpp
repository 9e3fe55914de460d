// Contexts between nodes, over real sockets, onto real devices.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "tests/runtime/node/exchange_nodes.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// Bytes of one position of the tiny model in a float32 cache: 2 layers, keys and values, 2 heads of 8.
constexpr std::uint64_t position_bytes = 2 * 2 * 2 * 8 * 4;

/// The most that a message has around its positions.
constexpr std::uint64_t around = 1200;

class context_exchange_test : public exchange_test {
protected:
  struct chain_run {
    std::vector<std::string> texts;
    std::vector<std::string> ids;
    std::vector<std::int64_t> tokens;
    std::vector<moved_context> moves; ///< One before each hop but the first.
  };

  /// Hops that go round the nodes, each thinking and then answering beside it. What was there stays kept.
  chain_run chain_over(const std::vector<exchange_node*>& nodes, int hops, bool delta) {
    chain_run run;
    payload last;
    for (int i = 0; i < hops; ++i) {
      auto& here = *nodes[static_cast<std::size_t>(i) % nodes.size()];
      if (auto& before = *nodes[static_cast<std::size_t>(i + static_cast<int>(nodes.size()) - 1) % nodes.size()];
          i > 0 && &before != &here) {
        const auto base = delta ? here.exchange->contexts().longest_prefix(context_in(last)->history()) : payload();
        run.moves.push_back(fetch(here, before, wanting(here, before, last, base)));
        last = run.moves.back().context;
      }
      last = thinking(here, last, "hop " + std::to_string(i) + " of a chain that goes on", 4).context;
      here.exchange->contexts().keep(last);
      run.texts.push_back(generating(here, last, i % 2 == 0 ? "so?" : "", 8).text);
      run.ids.push_back(context_in(last)->history()->id());
      run.tokens.push_back(context_in(last)->tokens());
    }
    return run;
  }
};

TEST_F(context_exchange_test, a_chain_over_two_nodes_is_that_of_one) {
  for (const auto dtype : {data_type::float32, data_type::bfloat16}) {
    auto one = make_node("one", dtype);
    const auto alone = chain_over({&one}, 8, true);
    std::vector<std::uint64_t> whole;
    for (const bool delta : {false, true}) {
      auto a = make_node("a", dtype), b = make_node("b", dtype);
      const auto run = chain_over({&a, &b}, 8, delta);
      EXPECT_EQ(run.texts, alone.texts);
      EXPECT_EQ(run.ids, alone.ids);
      const auto bytes = position_bytes / (dtype == data_type::float32 ? 1 : 2);
      for (std::size_t i = 0; i < run.moves.size(); ++i) { // to hop i + 1, whose node did hop i - 1
        const auto& move = run.moves[i];
        const auto all = static_cast<std::uint64_t>(run.tokens[i]);
        const auto known = delta && i > 0 ? static_cast<std::uint64_t>(run.tokens[i - 1]) : 0;
        EXPECT_GT(move.wire_bytes, (all - known) * bytes);
        EXPECT_LT(move.wire_bytes, (all - known) * bytes + around);
        if (delta)
          EXPECT_EQ(move.whole_bytes, whole[i]);
        else
          EXPECT_EQ(move.whole_bytes, move.wire_bytes);
        whole.push_back(move.whole_bytes);
      }
      while (a.exchange->traffic()["b"].contexts_sent < 4) // the last acknowledgement may be on its way
        std::this_thread::sleep_for(1ms);
      const auto to_b = a.exchange->traffic().at("b"), from_a = b.exchange->traffic().at("a");
      EXPECT_EQ(to_b.contexts_sent, 4);
      EXPECT_EQ(to_b.contexts_received, 3);
      EXPECT_EQ(to_b.bytes_sent, from_a.bytes_received);
      EXPECT_EQ(to_b.whole_bytes_sent, from_a.whole_bytes_received);
      EXPECT_EQ(from_a.bytes_received,
                run.moves[0].wire_bytes + run.moves[2].wire_bytes + run.moves[4].wire_bytes + run.moves[6].wire_bytes);
    }
  }
}

TEST_F(context_exchange_test, links_may_compress_and_be_local) {
  exchange_options local;
  local.endpoint = "ipc://" + (folder_.path() / "b.sock").string();
  auto a = make_node("a"), b = make_node("b", data_type::float32, local);
  const auto thought = thinking(a, {}, std::string(300, 'x'), 3);
  a.exchange->contexts().keep(thought.context);
  const auto moved = fetch(b, a, wanting(b, a, thought.context), compression::balanced);
  EXPECT_LT(moved.wire_bytes, moved.whole_bytes);
  EXPECT_EQ(context_in(moved.context)->last_hidden_state(), context_in(thought.context)->last_hidden_state());
  EXPECT_EQ(generating(b, moved.context, "", 20).text, generating(a, thought.context, "", 20).text);
}

TEST_F(context_exchange_test, one_transfer_serves_all_who_want_it) {
  auto a = make_node("a"), b = make_node("b");
  const auto thought = thinking(a, {}, "hello", 3);
  a.exchange->contexts().keep(thought.context);
  std::promise<expected<moved_context>> first, second;
  std::promise<std::string> asked;
  std::atomic<int> times_asked = 0; // by whichever of the two comes first
  const auto ask = [&](const std::string& ticket) {
    if (++times_asked == 1)
      asked.set_value(ticket);
  };
  b.exchange->expect(wanting(b, a, thought.context), ask,
                     [&](expected<moved_context> got) { first.set_value(std::move(got)); });
  b.exchange->expect(wanting(b, a, thought.context), ask,
                     [&](expected<moved_context> got) { second.set_value(std::move(got)); });
  std::promise<bool> sent;
  a.exchange->send(b.self, asked.get_future().get(), context_in(thought.context)->history()->id(), "",
                   [&](const expected<moved_context>& told) { sent.set_value(told.has_value()); });
  const auto one = first.get_future().get(), other = second.get_future().get();
  ASSERT_TRUE(one && other);
  EXPECT_TRUE(sent.get_future().get());
  EXPECT_EQ(times_asked, 1);
  EXPECT_EQ(one->context.body, other->context.body);
  EXPECT_EQ(b.exchange->traffic().at("a").contexts_received, 1);
}

TEST_F(context_exchange_test, a_transfer_ends_when_nobody_wants_it_any_more) {
  auto a = make_node("a"), b = make_node("b");
  const auto thought = thinking(a, {}, "hello", 3);
  a.exchange->contexts().keep(thought.context);
  const auto id = context_in(thought.context)->history()->id();
  const auto send = [&](const std::string& ticket) {
    std::promise<expected<moved_context>> sent;
    a.exchange->send(b.self, ticket, id, "", [&](expected<moved_context> told) { sent.set_value(std::move(told)); });
    return sent.get_future().get();
  };
  std::promise<std::string> asked;
  std::promise<expected<moved_context>> first, second;
  const auto one = b.exchange->expect(
      wanting(b, a, thought.context), [&](const std::string& ticket) { asked.set_value(ticket); },
      [&](expected<moved_context> got) { first.set_value(std::move(got)); });
  const auto ticket = asked.get_future().get();
  (void)b.exchange->expect(
      wanting(b, a, thought.context), [](const auto&) {},
      [&](expected<moved_context> got) { second.set_value(std::move(got)); });
  std::this_thread::sleep_for(100ms); // the other wish is with the exchange
  b.exchange->forget(one);
  EXPECT_EQ(failure(first.get_future()).code, errc::closed);
  EXPECT_TRUE(send(ticket).has_value());
  EXPECT_TRUE(second.get_future().get().has_value()) << "somebody else wanted it";

  std::promise<std::string> asked_again;
  std::promise<expected<moved_context>> third;
  const auto last = b.exchange->expect(
      wanting(b, a, thought.context), [&](const std::string& opened) { asked_again.set_value(opened); },
      [&](expected<moved_context> got) { third.set_value(std::move(got)); });
  const auto given_up = asked_again.get_future().get();
  b.exchange->forget(last);
  EXPECT_EQ(failure(third.get_future()).code, errc::closed);
  const auto sent = send(given_up);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, errc::rejected);
  EXPECT_EQ(b.exchange->traffic().at("a").refused, 0) << "it was no stranger's";
}

TEST_F(context_exchange_test, many_contexts_go_both_ways_at_once) {
  auto a = make_node("a"), b = make_node("b");
  std::vector<std::pair<result, std::future<expected<moved_context>>>> moves;
  for (int i = 0; i < 20; ++i)
    for (auto [from, to] : {std::pair(&a, &b), std::pair(&b, &a)}) {
      auto thought = thinking(*from, {}, std::string(static_cast<std::size_t>(10 * i + 1), from == &a ? 'a' : 'b'), 2);
      from->exchange->contexts().keep(thought.context);
      auto coming = fetching(*to, *from, wanting(*to, *from, thought.context));
      moves.emplace_back(std::move(thought), std::move(coming));
    }
  for (auto& [thought, coming] : moves) {
    const auto moved = coming.get();
    ASSERT_TRUE(moved) << moved.error().message;
    const auto came = context_in(moved->context), original = context_in(thought.context);
    std::vector<std::byte> theirs(came->size()), ours(original->size());
    came->write(0, theirs);
    original->write(0, ours);
    EXPECT_EQ(theirs, ours);
  }
}

TEST_F(context_exchange_test, kept_contexts_are_counted) {
  auto a = make_node("a");
  const auto first = thinking(a, {}, "hello", 3), second = thinking(a, first.context, "on", 3);
  const auto third = generating(a, second.context, "", 3);
  kept_contexts kept;
  kept.keep({});
  EXPECT_EQ(kept.size(), 0U);
  const auto& history = context_in(third.context)->history();
  const auto id = context_in(first.context)->history()->id();
  EXPECT_FALSE(kept.longest_prefix(history).body);
  kept.keep(first.context);
  kept.keep(first.context);
  kept.keep(second.context);
  EXPECT_EQ(kept.longest_prefix(history).body, second.context.body);
  EXPECT_EQ(kept.longest_prefix(context_in(first.context)->history()).body, first.context.body);
  kept.release(context_in(second.context)->history()->id());
  EXPECT_EQ(kept.longest_prefix(history).body, first.context.body);
  kept.release("nothing");
  kept.release(id);
  EXPECT_EQ(kept.find(id).body, first.context.body);
  kept.release(id);
  EXPECT_FALSE(kept.find(id).body);
  EXPECT_EQ(kept.size(), 0U);
}

TEST_F(context_exchange_test, what_the_holder_can_not_send_is_an_error) {
  memory_ = 320 * static_cast<std::int64_t>(position_bytes);
  auto a = make_node("a"), b = make_node("b");
  const auto thought = thinking(a, {}, "hello", 3), other = thinking(b, {}, "other", 3);
  EXPECT_EQ(failure(fetching(b, a, wanting(b, a, thought.context))).code, errc::invalid_argument);
  a.exchange->contexts().keep(thought.context);
  const auto wrong_base = failure(fetching(b, a, wanting(b, a, thought.context, other.context)));
  EXPECT_THAT(wrong_base.message, HasSubstr("does not begin with"));
  const auto around_text = thinking(a, {}, "x", 0).counts.prompt_tokens - 1;
  (void)thinking(a, {}, std::string(static_cast<std::size_t>(320 - around_text), 'x'), 0); // takes all memory
  const auto evicted = failure(fetching(b, a, wanting(b, a, thought.context)));
  EXPECT_EQ(evicted.code, errc::rejected);
  EXPECT_THAT(evicted.message, HasSubstr("took the memory"));
}

TEST_F(context_exchange_test, what_is_not_wanted_is_refused) {
  auto a = make_node("a"), b = make_node("b");
  const auto thought = thinking(a, {}, "hello", 3), longer = thinking(a, thought.context, "on", 3);
  a.exchange->contexts().keep(thought.context);
  a.exchange->contexts().keep(longer.context);
  const auto id = [](const result& of) { return context_in(of.context)->history()->id(); };
  const auto send = [&](const std::string& ticket, const std::string& context, const std::string& prefix) {
    std::promise<expected<moved_context>> sent;
    a.exchange->send(b.self, ticket, context, prefix, [&](expected<moved_context> told) { sent.set_value(told); });
    EXPECT_TRUE(sent.get_future().get().has_value()); // the link has delivered it
  };
  const auto refused_with = [&](const std::string& context, const std::string& prefix) {
    std::promise<expected<moved_context>> came;
    b.exchange->expect(
        wanting(b, a, longer.context),
        [&](const std::string& ticket) { a.exchange->send(b.self, ticket, context, prefix, [](const auto&) {}); },
        [&](expected<moved_context> got) { came.set_value(std::move(got)); });
    const auto why = failure(came.get_future());
    EXPECT_EQ(why.code, errc::rejected);
    return why.message;
  };
  testing::internal::CaptureStdout();
  send("a ticket of yesterday", id(thought), "");
  send("", id(thought), "");
  EXPECT_THAT(refused_with(id(thought), ""), HasSubstr("expected " + id(longer)));
  EXPECT_THAT(refused_with(id(longer), id(thought)),
              HasSubstr("expected 0 to " + std::to_string(longer.context_tokens)));
  const auto log = testing::internal::GetCapturedStdout();
  EXPECT_THAT(log, HasSubstr("Nobody waits for it"));
  EXPECT_THAT(log, testing::Not(HasSubstr("expected 0 to"))); // logged once for each peer
  EXPECT_EQ(b.exchange->traffic().at("a").refused, 4);
  EXPECT_EQ(b.exchange->traffic().at("a").contexts_received, 0);
  EXPECT_EQ(id(thinking(b, fetch(b, a, wanting(b, a, longer.context)).context, "so", 2)),
            id(thinking(a, longer.context, "so", 2)));
}

TEST_F(context_exchange_test, the_device_has_the_last_word) {
  auto a = make_node("a"), b = make_node("b", data_type::bfloat16);
  const auto thought = thinking(a, {}, "hello", 3);
  a.exchange->contexts().keep(thought.context);
  const auto other_type = failure(fetching(b, a, wanting(b, a, thought.context)));
  EXPECT_EQ(other_type.code, errc::rejected);
  EXPECT_THAT(other_type.message, HasSubstr("\"float32, cache bfloat16\""));
  auto unknown = wanting(a, a, thought.context);
  unknown.model = "nobody";
  EXPECT_THAT(failure(fetching(a, a, unknown)).message, HasSubstr("no model 'nobody'"));
  auto nothing = wanting(a, a, thought.context);
  nothing.history = nullptr;
  std::promise<expected<moved_context>> told;
  a.exchange->expect(nothing, {}, [&](expected<moved_context> got) { told.set_value(std::move(got)); });
  EXPECT_EQ(failure(told.get_future()).code, errc::invalid_argument);
}

TEST_F(context_exchange_test, a_context_over_the_limit_is_refused) {
  exchange_options small;
  small.largest_context = 20 * position_bytes;
  auto a = make_node("a"), b = make_node("b", data_type::float32, small);
  const auto thought = thinking(a, {}, "hello", 3);
  a.exchange->contexts().keep(thought.context);
  EXPECT_THAT(failure(fetching(b, a, wanting(b, a, thought.context))).message, HasSubstr("bytes are allowed"));
}

TEST_F(context_exchange_test, silence_ends_in_an_error) {
  exchange_options quick;
  quick.heartbeat = 50ms;
  quick.peer_timeout = 1000ms;
  auto a = make_node("a", data_type::float32, quick), b = make_node("b", data_type::float32, quick);
  const auto thought = thinking(a, {}, "hello", 3);
  a.exchange->contexts().keep(thought.context);

  auto wanted = wanting(b, a, thought.context);
  wanted.patience = 50ms;
  std::promise<expected<moved_context>> unasked;
  b.exchange->expect(wanted, {}, [&](expected<moved_context> got) { unasked.set_value(std::move(got)); });
  EXPECT_EQ(failure(unasked.get_future()).code, errc::timed_out);

  std::promise<expected<moved_context>> left;
  wanted.patience = 1h;
  b.exchange->expect(
      wanted,
      [&](const std::string&) {
        b.exchange->lose("a", {errc::peer_lost, "node a is gone"});
      },
      [&](expected<moved_context> got) { left.set_value(std::move(got)); });
  EXPECT_EQ(failure(left.get_future()).message, "node a is gone");

  (void)fetch(b, a, wanted); // now there is a link, which goes silent
  std::promise<expected<moved_context>> silent;
  b.exchange->expect(wanted, {}, [&](expected<moved_context> got) { silent.set_value(std::move(got)); });
  std::this_thread::sleep_for(600ms); // it is heard of after that
  a.exchange.reset();
  auto over = silent.get_future();
  EXPECT_EQ(failure(std::move(over)).code, errc::peer_lost);

  b.exchange->contexts().keep(thinking(b, {}, "hello", 3).context); // and nobody takes what is sent there
  std::promise<expected<moved_context>> sent;
  b.exchange->send(a.self, "ticket", context_in(thought.context)->history()->id(), "",
                   [&](expected<moved_context> told) { sent.set_value(std::move(told)); });
  EXPECT_EQ(failure(sent.get_future()).code, errc::peer_lost);
}

TEST_F(context_exchange_test, a_node_that_comes_back_is_sent_to_again) {
  exchange_options quick;
  quick.heartbeat = 50ms;
  quick.peer_timeout = 1000ms;
  auto a = make_node("a", data_type::float32, quick), b = make_node("b", data_type::float32, quick);
  const auto thought = thinking(a, {}, "hello", 3);
  a.exchange->contexts().keep(thought.context);
  (void)fetch(b, a, wanting(b, a, thought.context));
  b.exchange.reset();
  std::promise<expected<moved_context>> sent;
  a.exchange->send(b.self, "ticket", context_in(thought.context)->history()->id(), "",
                   [&](expected<moved_context> told) { sent.set_value(std::move(told)); });
  EXPECT_EQ(failure(sent.get_future()).code, errc::peer_lost);
  quick.endpoint = b.self.endpoint;
  auto again = make_node("b", data_type::float32, quick);
  const auto moved = fetch(again, a, wanting(again, a, thought.context));
  EXPECT_EQ(generating(again, moved.context, "", 8).text, generating(a, thought.context, "", 8).text);
}

TEST_F(context_exchange_test, closing_fails_what_is_under_way) {
  auto a = make_node("a"), b = make_node("b");
  const auto thought = thinking(a, {}, "hello", 3);
  a.exchange->contexts().keep(thought.context);
  std::promise<expected<moved_context>> wanted, sent;
  b.exchange->expect(wanting(b, a, thought.context), {},
                     [&](expected<moved_context> got) { wanted.set_value(std::move(got)); });
  data_peer nobody{"nobody", "tcp://127.0.0.1:1"};
  a.exchange->send(nobody, "ticket", context_in(thought.context)->history()->id(), "",
                   [&](expected<moved_context> told) { sent.set_value(std::move(told)); });
  b.exchange.reset();
  a.exchange.reset();
  auto unwanted = wanted.get_future(), unsent = sent.get_future();
  ASSERT_EQ(unwanted.wait_for(10s), std::future_status::ready);
  ASSERT_EQ(unsent.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(failure(std::move(unwanted)).code, errc::closed);
  EXPECT_EQ(failure(std::move(unsent)).code, errc::closed);
}

TEST_F(context_exchange_test, only_known_keys_get_through_and_only_for_what_they_were_asked) {
  const auto keys = [] { return *new_key_pair(); };
  const auto key_a = keys(), key_b = keys(), key_c = keys(), key_stranger = keys();
  const auto options = [&](const key_pair& own, std::vector<std::string> accepted) {
    exchange_options made;
    made.keys = own;
    made.accepted_keys = std::move(accepted);
    made.heartbeat = 20ms;
    made.peer_timeout = 500ms;
    return made;
  };
  auto a = make_node("a", data_type::float32, options(key_a, {key_b.public_key}));
  auto b = make_node("b", data_type::float32, options(key_b, {key_a.public_key, key_c.public_key}));
  auto c = make_node("c", data_type::float32, options(key_c, {}));
  auto stranger = make_node("a", data_type::float32, options(key_stranger, {}));
  const auto thought = thinking(a, {}, "hello", 3);
  const auto id = context_in(thought.context)->history()->id();
  for (auto* node : {&a, &c, &stranger})
    node->exchange->contexts().keep(thought.context);

  std::promise<expected<moved_context>> came, unknown, third;
  b.exchange->expect(
      wanting(b, a, thought.context),
      [&](const std::string& ticket) {
        stranger.exchange->send(b.self, ticket, id, "", [&, ticket](auto told) {
          unknown.set_value(std::move(told));
          c.exchange->send(b.self, ticket, id, "", [&](auto told_c) { third.set_value(std::move(told_c)); });
        });
      },
      [&](expected<moved_context> got) { came.set_value(std::move(got)); });
  EXPECT_EQ(failure(unknown.get_future()).code, errc::unauthorized);
  const auto delivered = third.get_future().get(); // its key is known, and it was not asked
  ASSERT_TRUE(delivered.has_value()) << delivered.error().message;
  auto coming = came.get_future();
  while (!b.exchange->traffic().contains("c"))
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(b.exchange->traffic().at("c").refused, 1);
  EXPECT_EQ(coming.wait_for(0s), std::future_status::timeout);
  EXPECT_TRUE(fetching(b, a, wanting(b, a, thought.context)).wait_for(0s) == std::future_status::timeout);
  b.exchange->lose("a", {errc::peer_lost, "gone"});
  EXPECT_EQ(failure(std::move(coming)).message, "gone");
  EXPECT_EQ(generating(b, fetch(b, a, wanting(b, a, thought.context)).context, "", 8).text,
            generating(a, thought.context, "", 8).text);
  data_peer keyless = b.self;
  keyless.public_key = "";
  std::promise<expected<moved_context>> no_key;
  a.exchange->send(keyless, "ticket", id, "", [&](auto told) { no_key.set_value(std::move(told)); });
  EXPECT_EQ(failure(no_key.get_future()).code, errc::invalid_argument);
}

TEST_F(context_exchange_test, an_address_that_is_none_is_an_error) {
  exchange_options options;
  options.endpoint = "nowhere";
  const auto none = context_exchange::start(system_, options);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, errc::io_failed);
}

} // namespace
