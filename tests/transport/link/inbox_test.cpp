// Envelopes, and the receiver's side of the link without sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/transport/link/payloads.hpp"
#include "transport/link/envelope.hpp"
#include "transport/link/inbox.hpp"
#include "transport/link/wakeup.hpp"
#include "transport/message.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;
using test::number_of;
using test::numbered_payload;

TEST(envelope, both_ways) {
  const envelope e{envelope_kind::report, 1, 2, 3, 4, 5, 6, ~std::uint64_t{0}};
  const auto frame = encode_envelope(e);
  EXPECT_EQ(frame.size(), 60u);
  EXPECT_EQ(decode_envelope(frame), e);
}

TEST(envelope, what_is_none_is_refused) {
  const auto good = encode_envelope({});
  EXPECT_EQ(decode_envelope({}).error().code, errc::bad_envelope);
  EXPECT_EQ(decode_envelope(std::span(good).first(59)).error().code, errc::bad_envelope);
  for (const std::size_t at : {0, 1, 2, 3}) {
    auto bad = good;
    bad[at] ^= std::byte{0xff};
    EXPECT_EQ(decode_envelope(bad).error().code, errc::bad_envelope) << at;
  }
  auto bad = good;
  bad[3] = std::byte{0};
  EXPECT_EQ(decode_envelope(bad).error().code, errc::bad_envelope);
  bad[3] = std::byte{7};
  EXPECT_EQ(decode_envelope(bad).error().code, errc::bad_envelope);
}

/// A receiver's side with a clock of its own; replies are collected.
struct receiving {
  explicit receiving(inbox_options options = {})
      : box(options, {[this](const std::string&, const envelope& e) { replies.push_back(e); },
                      {[this](received_payload p) { came.push_back(std::move(p)); },
                       [this](const link_peer& who, const error& why) { lost.emplace_back(who.name, why.code); },
                       [this](const metadata& meta) { return meta.extra.at("n") != unwanted; }},
                      std::make_shared<wakeup>()}) {}

  void take(const envelope& e, std::span<const std::byte> second = {}, const std::string& key = {}) {
    const auto frame = encode_envelope(e);
    auto owner = std::make_shared<std::vector<std::byte>>(second.begin(), second.end());
    box.take("route", key, frame, *owner, owner, now);
  }

  void take_data(std::uint64_t incarnation, std::uint64_t id, const payload& p, const std::string& key = {}) {
    take({.kind = envelope_kind::data, .incarnation = incarnation, .id = id}, encode(p)->bytes(), key);
  }

  std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> result;
    for (const auto& p : came)
      result.push_back(number_of(p.content));
    return result;
  }

  inbox::time_point now = std::chrono::steady_clock::now();
  std::vector<envelope> replies;
  std::string unwanted; // the number of a payload
  std::vector<received_payload> came;
  std::vector<std::pair<std::string, errc>> lost;
  inbox box;
};

std::span<const std::byte> text(const std::string& s) { return std::as_bytes(std::span(s)); }

TEST(inbox, duplicates_and_gaps_are_dropped_and_reported) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7}, text("node-a"));
  ASSERT_EQ(r.replies.size(), 1u);
  EXPECT_EQ(r.replies[0].received, 0u);
  EXPECT_EQ(r.replies[0].credit, inbox_options{}.window);
  for (const std::uint64_t id : {1, 1, 3, 2, 1, 2, 3})
    r.take_data(7, id, numbered_payload(id, 10));
  EXPECT_THAT(r.numbers(), testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(r.came[0].from.name, "node-a");
  EXPECT_EQ(r.came[0].from.incarnation, 7u);
  EXPECT_EQ(r.came[0].wire_bytes, encode(numbered_payload(1, 10))->size());
  r.replies.clear();
  r.box.report_changes();
  ASSERT_EQ(r.replies.size(), 1u);
  EXPECT_EQ(r.replies[0].received, 3u);
  EXPECT_EQ(r.replies[0].acknowledged, 3u);
}

TEST(inbox, who_is_unknown_is_asked_for_a_hello) {
  receiving r;
  r.take_data(7, 1, numbered_payload(1, 10));
  r.take({.kind = envelope_kind::beat, .incarnation = 7});
  EXPECT_TRUE(r.came.empty());
  ASSERT_EQ(r.replies.size(), 2u);
  EXPECT_EQ(r.replies[0].kind, envelope_kind::unknown);
}

TEST(inbox, nobody_can_speak_for_a_peer_with_another_key) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7}, {}, "key-a");
  r.take_data(7, 1, numbered_payload(1, 10), "key-b");
  EXPECT_EQ(r.replies.back().kind, envelope_kind::unknown);
  r.take({.kind = envelope_kind::hello, .incarnation = 7, .id = 5}, {}, "key-b");
  r.take_data(7, 1, numbered_payload(1, 10), "key-a");
  EXPECT_THAT(r.numbers(), testing::ElementsAre(1));
}

TEST(inbox, frames_that_are_nothing_do_nothing) {
  receiving r;
  r.box.take("route", "", {}, {}, nullptr, r.now);
  r.take({.kind = envelope_kind::report, .incarnation = 7});
  EXPECT_TRUE(r.replies.empty());
}

TEST(inbox, memory_that_is_held_counts_against_the_window) {
  inbox_options options;
  options.window = 1000;
  receiving r(options);
  r.take({.kind = envelope_kind::hello, .incarnation = 7});
  r.take_data(7, 1, numbered_payload(1, 600));
  r.take_data(7, 2, numbered_payload(2, 600));
  EXPECT_THAT(r.numbers(), testing::ElementsAre(1));
  r.replies.clear();
  r.box.report_changes();
  EXPECT_EQ(r.replies.at(0).credit, 400u);
  r.came.clear();
  r.replies.clear();
  r.box.report_changes();
  EXPECT_EQ(r.replies.at(0).credit, 1000u);
  r.take_data(7, 2, numbered_payload(2, 5000)); // larger than the window, but alone
  EXPECT_THAT(r.numbers(), testing::ElementsAre(2));
}

TEST(inbox, a_message_that_cannot_be_decoded_is_refused_and_the_refusal_is_remembered) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7});
  r.replies.clear();
  r.take({.kind = envelope_kind::data, .incarnation = 7, .id = 1}, text("rubbish"));
  ASSERT_EQ(r.replies.size(), 1u);
  EXPECT_EQ(r.replies[0].kind, envelope_kind::refusal);
  EXPECT_EQ(static_cast<errc>(r.replies[0].echo), errc::too_short);
  r.take_data(7, 2, numbered_payload(2, 10));
  EXPECT_THAT(r.numbers(), testing::ElementsAre(2));
  r.replies.clear();
  r.take({.kind = envelope_kind::hello, .incarnation = 7});
  ASSERT_EQ(r.replies.size(), 2u);
  EXPECT_EQ(r.replies[0].kind, envelope_kind::refusal);
  r.replies.clear();
  r.take({.kind = envelope_kind::hello, .incarnation = 7, .id = 1});
  EXPECT_EQ(r.replies.size(), 1u);
}

TEST(inbox, a_part_that_came_twice_fails_its_payload_and_no_other) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7}, text("a"));
  const auto parts = *split(numbered_payload(1, 100), 40);
  r.take_data(7, 1, parts[0]);
  r.replies.clear();
  r.take_data(7, 2, parts[0]);
  r.take_data(7, 3, parts[1]);
  r.take_data(7, 4, parts[2]);
  ASSERT_EQ(r.replies.size(), 3u);
  for (const auto& e : r.replies)
    EXPECT_EQ(static_cast<errc>(e.echo), errc::bad_part);
  r.take_data(7, 5, numbered_payload(2, 10));
  EXPECT_THAT(r.numbers(), testing::ElementsAre(2));
}

TEST(inbox, parts_are_acknowledged_together_and_what_loses_one_is_given_up) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7}, text("a"));
  const auto parts = *split(numbered_payload(1, 100), 40);
  r.take_data(7, 1, parts[0]);
  r.take_data(7, 2, parts[1]);
  r.replies.clear();
  r.box.report_changes();
  EXPECT_EQ(r.replies.at(0).received, 2u);
  EXPECT_EQ(r.replies.at(0).acknowledged, 0u);
  r.take_data(7, 3, numbered_payload(2, 10)); // in place of the third part
  EXPECT_THAT(r.numbers(), testing::ElementsAre(2));
  const auto others = *split(numbered_payload(3, 100), 40);
  r.take_data(7, 4, others[0]);
  r.take({.kind = envelope_kind::data, .incarnation = 7, .id = 5}, text("rubbish"));
  r.take_data(7, 6, others[2]);
  EXPECT_THAT(r.numbers(), testing::ElementsAre(2));
}

TEST(inbox, what_came_of_a_payload_that_is_not_wanted_any_more_is_dropped) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7}, text("a"));
  const auto parts = *split(numbered_payload(1, 100), 40);
  r.take_data(7, 1, parts[0]);
  r.replies.clear();
  r.unwanted = "1";
  for (const std::uint64_t id : {2, 3}) {
    r.take_data(7, id, parts[id - 1]);
    EXPECT_EQ(r.replies.back().kind, envelope_kind::refusal);
    EXPECT_EQ(r.replies.back().id, id);
    EXPECT_EQ(static_cast<errc>(r.replies.back().echo), errc::closed);
  }
  r.take_data(7, 4, numbered_payload(2, 10));
  EXPECT_THAT(r.numbers(), testing::ElementsAre(2));
  r.box.tick(r.now);
  for (int i = 0; i < 7; ++i)
    r.box.tick(r.now += 900ms);
  EXPECT_THAT(r.lost, testing::ElementsAre(testing::Pair("a", errc::peer_lost))) << "nothing of it was left";
}

TEST(inbox, an_unfinished_payload_is_reported_with_its_sender_and_comes_again) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7}, text("a"));
  const auto parts = *split(numbered_payload(1, 100), 40);
  r.take_data(7, 1, parts[0]);
  r.box.tick(r.now);
  for (int i = 0; i < 7; ++i)
    r.box.tick(r.now += 900ms);
  EXPECT_THAT(r.lost, testing::ElementsAre(testing::Pair("a", errc::bad_part), testing::Pair("a", errc::peer_lost)));
  r.take({.kind = envelope_kind::hello, .incarnation = 7});
  for (std::uint64_t id = 1; id <= 3; ++id)
    r.take_data(7, id, parts[id - 1]);
  EXPECT_THAT(r.numbers(), testing::ElementsAre(1));
}

TEST(inbox, silence_is_noticed_and_what_was_received_is_remembered) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7}, text("a"));
  r.take_data(7, 1, numbered_payload(1, 10));
  for (int i = 0; i < 7; ++i)
    r.box.tick(r.now += 900ms);
  EXPECT_THAT(r.lost, testing::ElementsAre(testing::Pair("a", errc::peer_lost)));
  r.take_data(7, 2, numbered_payload(2, 10));
  EXPECT_EQ(r.replies.back().kind, envelope_kind::unknown);
  r.take({.kind = envelope_kind::hello, .incarnation = 7});
  r.take_data(7, 1, numbered_payload(1, 10));
  r.take_data(7, 2, numbered_payload(2, 10));
  EXPECT_THAT(r.numbers(), testing::ElementsAre(1, 2));
}

TEST(inbox, who_slept_does_not_take_that_for_the_silence_of_others) {
  receiving r;
  r.take({.kind = envelope_kind::hello, .incarnation = 7}, text("a"));
  r.box.tick(r.now += 400ms);
  r.box.tick(r.now += 1h);
  EXPECT_TRUE(r.lost.empty());
}

TEST(inbox, peers_are_limited) {
  inbox_options options;
  options.max_peers = 2;
  receiving r(options);
  for (std::uint64_t incarnation = 1; incarnation <= 3; ++incarnation)
    r.take({.kind = envelope_kind::hello, .incarnation = incarnation});
  EXPECT_EQ(r.replies.size(), 2u);
  for (std::uint64_t incarnation = 1; incarnation <= 3; ++incarnation)
    r.take_data(incarnation, 1, numbered_payload(incarnation, 10));
  EXPECT_THAT(r.numbers(), testing::ElementsAre(1, 2));
}

TEST(inbox, the_memory_of_past_peers_is_bounded) {
  inbox_options options;
  options.max_peers = 1;
  options.peer_timeout = 1ms;
  options.heartbeat = 1h;
  receiving r(options);
  r.box.tick(r.now);
  for (std::uint64_t incarnation = 1; incarnation <= 5000; ++incarnation) {
    r.take({.kind = envelope_kind::hello, .incarnation = incarnation});
    r.box.tick(r.now += 2ms);
  }
  EXPECT_EQ(r.lost.size(), 5000u);
  r.take({.kind = envelope_kind::hello, .incarnation = 5001});
  r.take_data(5001, 1, numbered_payload(1, 10));
  EXPECT_THAT(r.numbers(), testing::ElementsAre(1));
}

} // namespace
} // namespace avp
