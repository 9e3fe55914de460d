// Both sides of the link over a channel that loses what it likes, without sockets.
#include <deque>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/transport/link/payloads.hpp"
#include "transport/link/envelope.hpp"
#include "transport/link/inbox.hpp"
#include "transport/link/outbox.hpp"
#include "transport/link/wakeup.hpp"
#include "transport/message.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;
using test::number_of;
using test::numbered_payload;

/// Both sides and a channel between them that breaks now and then. A break loses everything on the way, as a connection
/// does; the receiver may also restart, forgetting all.
class lossy_channel {
public:
  lossy_channel(unsigned seed, bool restarts, std::uint64_t window) : random_(seed), restarts_(restarts) {
    inbox_.window = window;
    restart();
    sender_options options;
    options.loss = on_loss::keep;
    options.part_bytes = 3000;
    out_ = std::make_unique<outbox>(
        options,
        outbox::surroundings{.control = [this](const envelope& e, std::span<const std::byte>) { return put(e, {}); },
                             .data = [this](const envelope& e, const payload& p) -> expected<std::uint64_t> {
                               auto encoded = *encode(p);
                               const auto size = encoded.size();
                               return put(e, test_bytes(encoded)) ? size : 0;
                             },
                             .reconnect = [this] { break_connection(); },
                             .on_peer = [](const std::optional<error>&) {}},
        now_);
  }

  /// Sends payloads until all are acknowledged; returns false when that takes absurdly long.
  bool run(std::uint64_t count) {
    std::uint64_t submitted = 0;
    for (int step = 0; step < 200'000; ++step) {
      if (submitted < count && chance(0.5)) {
        ++submitted;
        out_->submit(numbered_payload(submitted, random_() % 8000),
                     [this](const expected<send_receipt>& r) { acknowledged_ += r.has_value(); });
      }
      advance();
      if (acknowledged_ == count)
        return true;
    }
    return false;
  }

  std::vector<std::uint64_t> received; ///< By all lives of the receiver.
  std::vector<std::vector<std::uint64_t>> received_by_life;

private:
  struct frame {
    envelope e;
    std::vector<std::byte> body;
  };

  static std::vector<std::byte> test_bytes(const byte_buffer& b) { return {b.bytes().begin(), b.bytes().end()}; }
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }

  bool put(const envelope& e, std::vector<std::byte> body) {
    if (!connected_)
      return false;
    forward_.push_back({e, std::move(body)});
    return true;
  }

  void break_connection() {
    forward_.clear();
    back_.clear();
    connected_ = false;
  }

  void restart() {
    break_connection();
    held_.clear();
    received_by_life.emplace_back();
    in_ = std::make_unique<inbox>(
        inbox_, inbox::surroundings{[this](const std::string&, const envelope& e) { back_.push_back(e); },
                                    {[this](received_payload p) {
                                       EXPECT_EQ(test::bytes_of(p.content),
                                                 test::bytes_of(
                                                     numbered_payload(number_of(p.content), p.content.body->size())));
                                       received.push_back(number_of(p.content));
                                       received_by_life.back().push_back(received.back());
                                       held_.push_back(std::move(p));
                                     },
                                     {}},
                                    std::make_shared<wakeup>()});
  }

  void advance() {
    now_ += 20ms;
    if (!connected_ && chance(0.3))
      connected_ = true;
    if (chance(0.01))
      break_connection();
    if (restarts_ && chance(0.002))
      restart();
    for (int i = 0; i < 3 && !forward_.empty(); ++i) {
      auto f = std::make_shared<frame>(std::move(forward_.front()));
      forward_.pop_front();
      const auto first = encode_envelope(f->e);
      in_->take("route", "", first, f->body, f, now_);
    }
    if (chance(0.3))
      held_.clear();
    in_->report_changes();
    if (++steps_ % 25 == 0)
      in_->tick(now_);
    for (int i = 0; i < 3 && !back_.empty(); ++i) {
      const auto e = back_.front();
      back_.pop_front();
      out_->take(e, now_);
    }
    out_->tick(now_);
    out_->pump();
  }

  std::mt19937 random_;
  bool restarts_;
  inbox_options inbox_;
  std::unique_ptr<outbox> out_;
  std::unique_ptr<inbox> in_;
  std::deque<frame> forward_;
  std::deque<envelope> back_;
  std::vector<received_payload> held_;
  bool connected_ = false;
  std::uint64_t acknowledged_ = 0;
  int steps_ = 0;
  inbox::time_point now_ = std::chrono::steady_clock::now();
};

std::vector<std::uint64_t> one_to(std::uint64_t n) {
  std::vector<std::uint64_t> numbers(n);
  for (std::uint64_t i = 0; i < n; ++i)
    numbers[i] = i + 1;
  return numbers;
}

TEST(link_protocol, over_a_breaking_connection_everything_comes_once_and_in_order) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    lossy_channel channel(seed, false, seed % 2 ? 20'000 : 1'000'000);
    ASSERT_TRUE(channel.run(200)) << "seed " << seed;
    ASSERT_EQ(channel.received, one_to(200)) << "seed " << seed;
  }
}

TEST(link_protocol, over_restarts_of_the_receiver_nothing_is_lost_and_no_life_sees_a_payload_twice) {
  for (unsigned seed = 100; seed < 140; ++seed) {
    lossy_channel channel(seed, true, 20'000);
    ASSERT_TRUE(channel.run(200)) << "seed " << seed;
    for (const auto& life : channel.received_by_life)
      EXPECT_TRUE(std::ranges::is_sorted(life, std::less_equal<>{})) << "seed " << seed;
    auto all = channel.received;
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
    EXPECT_EQ(all, one_to(200)) << "seed " << seed;
  }
}

TEST(outbox, reports_that_make_no_sense_are_ignored) {
  sender_options options;
  int sent = 0;
  envelope hello;
  const auto now = std::chrono::steady_clock::now();
  outbox out(options,
             {.control =
                  [&](const envelope& e, std::span<const std::byte>) {
                    hello = e;
                    return true;
                  },
              .data = [&](const envelope&, const payload&) -> expected<std::uint64_t> { return ++sent; },
              .reconnect = [] {},
              .on_peer = [](const std::optional<error>&) {}},
             now);
  int ok = 0;
  out.submit(numbered_payload(1, 10), [&](const expected<send_receipt>& r) { ok += r.has_value(); });
  out.tick(now);
  EXPECT_EQ(hello.kind, envelope_kind::hello);
  const auto me = hello.incarnation;
  const std::uint64_t much = 1 << 20;
  out.take({.kind = envelope_kind::report, .incarnation = 9, .id = me + 1, .credit = much, .window = much}, now);
  out.take({.kind = envelope_kind::report, .incarnation = 9, .id = me, .received = 5, .credit = much, .window = much},
           now);
  out.take({.kind = envelope_kind::hello, .incarnation = 9, .id = me}, now);
  out.pump();
  EXPECT_EQ(sent, 0);
  out.take({.kind = envelope_kind::report, .incarnation = 9, .id = me, .credit = much, .window = much}, now);
  out.pump();
  EXPECT_EQ(sent, 1);
  out.take({.kind = envelope_kind::report, .incarnation = 9, .id = me, .received = 0, .acknowledged = 1}, now);
  out.take({.kind = envelope_kind::refusal, .incarnation = 9, .id = 2}, now);
  EXPECT_EQ(ok, 0);
  out.take({.kind = envelope_kind::report, .incarnation = 9, .id = me, .received = 1, .acknowledged = 1}, now);
  EXPECT_EQ(ok, 1);
}

TEST(outbox, what_can_not_be_read_a_second_time_is_passed_over) {
  std::vector<envelope> said;
  std::vector<std::uint64_t> sent;
  std::uint64_t gone = 0; // a number that can't be sent any more
  auto now = std::chrono::steady_clock::now();
  outbox out({},
             {.control =
                  [&](const envelope& e, std::span<const std::byte>) {
                    said.push_back(e);
                    return true;
                  },
              .data = [&](const envelope& e, const payload&) -> expected<std::uint64_t> {
                if (e.id == gone)
                  return fail(errc::rejected, "gone");
                sent.push_back(e.id);
                return 100;
              },
              .reconnect = [] {},
              .on_peer = [](const std::optional<error>&) {}},
             now);
  std::vector<std::string> outcomes;
  for (int i = 1; i <= 3; ++i)
    out.submit(numbered_payload(i, 10), [&, i](const expected<send_receipt>& r) {
      outcomes.push_back(std::to_string(i) + (r ? " ok" : " " + r.error().message));
    });
  const std::uint64_t much = 1 << 20;
  const auto report = [&](std::uint64_t peer, std::uint64_t received) {
    out.take({.kind = envelope_kind::report,
              .incarnation = peer,
              .id = said.back().incarnation,
              .received = received,
              .acknowledged = received,
              .credit = much,
              .window = much},
             now);
    out.pump();
  };
  out.tick(now);
  report(9, 0);
  EXPECT_THAT(sent, testing::ElementsAre(1, 2, 3));
  gone = 2;
  report(10, 0); // another life of the peer, which has nothing
  EXPECT_THAT(sent, testing::ElementsAre(1, 2, 3, 1));
  EXPECT_TRUE(outcomes.empty());
  report(10, 1);
  EXPECT_THAT(outcomes, testing::ElementsAre("1 ok", "2 gone"));
  said.clear();
  out.tick(now);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].kind, envelope_kind::hello);
  EXPECT_EQ(said[0].id, 2u); // all up to 2 is done with
  report(10, 2);
  EXPECT_THAT(sent, testing::ElementsAre(1, 2, 3, 1, 3));
  report(10, 3);
  EXPECT_THAT(outcomes, testing::ElementsAre("1 ok", "2 gone", "3 ok"));
}

// Nobody could put the rest together.
TEST(outbox, of_what_can_not_be_read_a_second_time_no_further_part_is_sent) {
  std::uint64_t me = 0;
  std::vector<std::uint64_t> numbers;
  bool gone = false;
  auto now = std::chrono::steady_clock::now();
  sender_options options;
  options.part_bytes = 1000;
  outbox out(options,
             {.control =
                  [&](const envelope& e, std::span<const std::byte>) {
                    me = e.incarnation;
                    return true;
                  },
              .data = [&](const envelope&, const payload& p) -> expected<std::uint64_t> {
                if (gone && number_of(p) == 1)
                  return fail(errc::rejected, "gone");
                numbers.push_back(number_of(p));
                return 1000;
              },
              .reconnect = [] {},
              .on_peer = [](const std::optional<error>&) {}},
             now);
  int failed = 0;
  out.submit(numbered_payload(1, 10'000), [&](const expected<send_receipt>& r) { failed += !r; });
  out.submit(numbered_payload(2, 10), [](const expected<send_receipt>&) {});
  const auto report = [&](std::uint64_t peer, std::uint64_t done, std::uint64_t credit) {
    out.take({.kind = envelope_kind::report,
              .incarnation = peer,
              .id = me,
              .received = done,
              .acknowledged = done,
              .credit = credit,
              .window = 1 << 20},
             now);
    out.pump();
  };
  out.tick(now);
  report(9, 0, 1500); // enough for the first part
  ASSERT_THAT(numbers, testing::ElementsAre(1));
  gone = true;
  report(10, 0, 1 << 20); // another life of the peer
  EXPECT_EQ(failed, 1);
  out.tick(now);
  report(10, 1, 1 << 20);
  gone = false;
  out.pump();
  EXPECT_THAT(numbers, testing::ElementsAre(1, 2));
}

} // namespace
} // namespace avp
