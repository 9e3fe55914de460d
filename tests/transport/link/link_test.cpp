// Senders and receivers over real sockets of one process.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/transport/link/link_ends.hpp"
#include "tests/transport/link/payloads.hpp"
#include "tests/transport/web/raw_socket.hpp"
#include "transport/link/payload_receiver.hpp"
#include "transport/link/payload_sender.hpp"
#include "transport/message.hpp"
#include "transport/tcp_address.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;
using test::bytes_of;
using test::collector;
using test::into;
using test::number_of;
using test::numbered_payload;
using test::only_error;
using test::quick_receiver;
using test::quick_sender;
using test::received;
using test::results;
using testing::HasSubstr;

TEST(link, payloads_arrive_in_order_with_their_bytes) {
  for (const auto& where : {std::string("tcp://127.0.0.1:*"), test::ipc_endpoint()}) {
    received in;
    auto receiver = payload_receiver::bind(quick_receiver(where), in.handlers());
    ASSERT_TRUE(receiver) << receiver.error().message;
    results done;
    auto sender = payload_sender::connect(quick_sender((*receiver)->endpoint()));
    ASSERT_TRUE(sender) << sender.error().message;
    const std::vector<std::size_t> sizes{0, 1, 17, 4096, 8191, 8192, 70'000, 5'000'000};
    for (std::size_t i = 0; i < sizes.size(); ++i)
      (*sender)->send(numbered_payload(i, sizes[i]), into(done));
    ASSERT_TRUE(in.payloads.wait_for(sizes.size())) << where;
    ASSERT_TRUE(done.wait_for(sizes.size())) << where;
    const auto payloads = in.payloads.take();
    const auto receipts = done.take();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const auto sent = numbered_payload(i, sizes[i]);
      EXPECT_EQ(payloads[i].content.meta, sent.meta);
      EXPECT_EQ(bytes_of(payloads[i].content), bytes_of(sent));
      EXPECT_EQ(payloads[i].from.name, "sender");
      ASSERT_TRUE(receipts[i]);
      EXPECT_EQ(receipts[i]->wire_bytes, encoded_size(sent.meta, sizes[i]));
      EXPECT_EQ(payloads[i].wire_bytes, receipts[i]->wire_bytes);
    }
    EXPECT_EQ((*sender)->pending(), 0u);
  }
}

TEST(link, compressed_and_split_payloads_come_whole) {
  received in;
  auto receiver = payload_receiver::bind(quick_receiver(), in.handlers());
  auto options = quick_sender((*receiver)->endpoint());
  options.level = compression::fast;
  options.part_bytes = 300'000;
  auto sender = payload_sender::connect(options);
  results done;
  metadata meta;
  meta.extra["n"] = "1";
  const auto zeros = std::make_shared<std::vector<std::byte>>(1'000'000);
  (*sender)->send({meta, std::make_shared<memory_body>(*zeros, zeros)}, into(done));
  ASSERT_TRUE(in.payloads.wait_for(1));
  ASSERT_TRUE(done.wait_for(1));
  const auto came = in.payloads.take();
  EXPECT_EQ(bytes_of(came[0].content), *zeros);
  EXPECT_EQ(came[0].content.meta, meta);
  EXPECT_LT(came[0].wire_bytes, 10'000u);
  EXPECT_EQ(done.take().at(0)->wire_bytes, came[0].wire_bytes);
}

TEST(link, what_is_not_wanted_any_more_is_not_sent_on) {
  received in;
  auto handlers = in.handlers();
  std::atomic<int> messages = 0;
  handlers.is_wanted = [&](const metadata& meta) { return meta.extra.at("n") != "1" || ++messages < 3; };
  auto receiving = quick_receiver();
  receiving.window = 250'000;
  auto receiver = payload_receiver::bind(receiving, std::move(handlers));
  auto sending = quick_sender((*receiver)->endpoint());
  sending.part_bytes = 100'000;
  auto sender = payload_sender::connect(sending);
  results done;
  (*sender)->send(numbered_payload(1, 10'000'000), into(done));
  (*sender)->send(numbered_payload(2, 300'000), into(done));
  ASSERT_TRUE(done.wait_for(2));
  const auto ends = done.take();
  ASSERT_FALSE(ends[0]);
  EXPECT_EQ(ends[0].error().code, errc::rejected);
  EXPECT_TRUE(ends[1]);
  const auto came = in.payloads.take();
  ASSERT_EQ(came.size(), 1U);
  EXPECT_EQ(bytes_of(came[0].content), bytes_of(numbered_payload(2, 300'000)));
  EXPECT_LT(messages, 10) << "of 100";
}

TEST(link, the_sender_may_be_there_first) {
  const auto where = test::ipc_endpoint();
  auto sender = payload_sender::connect(quick_sender(where));
  results done;
  (*sender)->send(numbered_payload(1, 100), into(done));
  std::this_thread::sleep_for(200ms);
  received in;
  auto receiver = payload_receiver::bind(quick_receiver(where), in.handlers());
  ASSERT_TRUE(receiver);
  EXPECT_TRUE(in.payloads.wait_for(1));
  EXPECT_TRUE(done.wait_for(1));
}

TEST(link, a_receiver_that_is_not_there_is_an_error_within_the_set_time_and_its_return_is_told) {
  const auto where = test::ipc_endpoint();
  collector<std::optional<error>> changes;
  auto sender = payload_sender::connect(quick_sender(where), [&](const auto& what) { changes.add(what); });
  results done;
  const auto start = std::chrono::steady_clock::now();
  (*sender)->send(numbered_payload(1, 100), into(done));
  ASSERT_TRUE(done.wait_for(1));
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GE(waited, 950ms);
  EXPECT_LT(waited, 3s);
  EXPECT_EQ(only_error(done), errc::peer_lost);
  (*sender)->send(numbered_payload(2, 100), into(done));
  ASSERT_TRUE(done.wait_for(1, 500ms));
  EXPECT_EQ(only_error(done), errc::peer_lost);
  received in;
  auto receiver = payload_receiver::bind(quick_receiver(where), in.handlers());
  ASSERT_TRUE(changes.wait_for(2));
  const auto told = changes.take();
  EXPECT_EQ(told[0]->code, errc::peer_lost);
  EXPECT_FALSE(told[1]);
  (*sender)->send(numbered_payload(3, 100), into(done));
  ASSERT_TRUE(done.wait_for(1));
  EXPECT_TRUE(done.take()[0]);
  EXPECT_EQ(number_of(in.payloads.take().at(0).content), 3u);
}

TEST(link, a_slow_reader_holds_no_more_than_its_window) {
  received in;
  auto options = quick_receiver();
  options.window = 8 << 20;
  auto receiver = payload_receiver::bind(options, in.handlers());
  auto sender = payload_sender::connect(quick_sender((*receiver)->endpoint()));
  results done;
  constexpr int count = 40;
  for (int i = 0; i < count; ++i)
    (*sender)->send(numbered_payload(i, (1 << 20) - 200), into(done));
  std::vector<std::uint64_t> order;
  while (order.size() < count) {
    ASSERT_TRUE(in.payloads.wait_for(1));
    std::this_thread::sleep_for(60ms);
    const auto held = in.payloads.take();
    EXPECT_LE(held.size(), 8u);
    for (const auto& p : held)
      order.push_back(number_of(p.content));
  }
  for (int i = 0; i < count; ++i)
    EXPECT_EQ(order[i], i);
  EXPECT_TRUE(done.wait_for(count));
}

TEST(link, a_payload_larger_than_the_window_is_let_in_alone) {
  received in;
  auto options = quick_receiver();
  options.window = 1 << 20;
  auto receiver = payload_receiver::bind(options, in.handlers());
  auto sender = payload_sender::connect(quick_sender((*receiver)->endpoint()));
  results done;
  for (int i = 0; i < 4; ++i)
    (*sender)->send(numbered_payload(i, 3 << 20), into(done));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(in.payloads.wait_for(1));
    std::this_thread::sleep_for(100ms);
    const auto held = in.payloads.take();
    ASSERT_EQ(held.size(), 1u);
    EXPECT_EQ(number_of(held[0].content), static_cast<unsigned>(i));
  }
}

TEST(link, what_was_not_acknowledged_goes_to_a_restarted_receiver) {
  const auto where = test::ipc_endpoint();
  auto options = quick_sender(where);
  options.loss = on_loss::keep;
  auto sender = payload_sender::connect(options);
  results done;
  for (std::uint64_t i = 0; i < 20; ++i) {
    received in;
    auto receiver = payload_receiver::bind(quick_receiver(where), in.handlers());
    ASSERT_TRUE(receiver);
    (*sender)->send(numbered_payload(i, 1000), into(done));
    ASSERT_TRUE(done.wait_for(i + 1)) << i;
    ASSERT_EQ(in.payloads.size(), 1u);
    EXPECT_EQ(number_of(in.payloads.take()[0].content), i);
  }
}

TEST(link, several_senders_are_told_apart) {
  received in;
  auto receiver = payload_receiver::bind(quick_receiver(), in.handlers());
  std::vector<std::unique_ptr<payload_sender>> senders;
  results done;
  for (int s = 0; s < 4; ++s) {
    auto options = quick_sender((*receiver)->endpoint());
    options.name = "s" + std::to_string(s);
    senders.push_back(*payload_sender::connect(options));
  }
  for (int i = 0; i < 25; ++i) {
    for (auto& sender : senders)
      sender->send(numbered_payload(i, 100), into(done));
  }
  ASSERT_TRUE(done.wait_for(100));
  std::map<std::string, std::vector<std::uint64_t>> by_name;
  for (const auto& p : in.payloads.take())
    by_name[p.from.name].push_back(number_of(p.content));
  EXPECT_EQ(by_name.size(), 4u);
  for (const auto& [name, numbers] : by_name)
    EXPECT_TRUE(numbers.size() == 25 && std::ranges::is_sorted(numbers)) << name;
}

/// 20 MB that can't be read any more.
class vanishing_body : public payload_body {
public:
  [[nodiscard]] std::uint64_t size() const override { return 20'000'000; }
  void write(std::uint64_t /*offset*/, std::span<std::byte> /*out*/) const override {
    throw std::runtime_error("it is gone");
  }
};

TEST(link, what_cannot_be_sent_or_decoded_fails_and_what_follows_does_not) {
  received in;
  auto receiving = quick_receiver();
  receiving.decode.max_metadata_bytes = 500;
  auto receiver = payload_receiver::bind(receiving, in.handlers());
  auto sender = payload_sender::connect(quick_sender((*receiver)->endpoint()));
  results done;
  auto not_text = numbered_payload(1, 10);
  not_text.meta.model_id = "\xff";
  (*sender)->send(not_text, into(done));
  ASSERT_TRUE(done.wait_for(1));
  EXPECT_EQ(only_error(done), errc::bad_metadata);
  auto too_much = numbered_payload(2, 10);
  too_much.meta.extra["long"] = std::string(600, 'x');
  (*sender)->send(too_much, into(done));
  ASSERT_TRUE(done.wait_for(1));
  const auto refused = done.take();
  EXPECT_EQ(refused[0].error().code, errc::rejected);
  EXPECT_THAT(refused[0].error().message, testing::HasSubstr("too_large"));
  (*sender)->send({{}, nullptr}, into(done));
  ASSERT_TRUE(done.wait_for(1));
  EXPECT_EQ(only_error(done), errc::invalid_argument);
  for (int i = 0; i < 10; ++i) { // none of them keeps its memory
    (*sender)->send({{}, std::make_shared<vanishing_body>()}, into(done));
    ASSERT_TRUE(done.wait_for(1));
    const auto vanished = done.take();
    ASSERT_FALSE(vanished[0].has_value());
    EXPECT_EQ(vanished[0].error().code, errc::rejected);
    EXPECT_THAT(vanished[0].error().message, testing::HasSubstr("it is gone"));
  }
  (*sender)->send(numbered_payload(3, 10), into(done));
  ASSERT_TRUE(done.wait_for(1));
  EXPECT_TRUE(done.take()[0]);
  EXPECT_EQ(number_of(in.payloads.take().at(0).content), 3u);
}

TEST(link, closing_fails_what_waits) {
  results done;
  {
    auto sender = payload_sender::connect(quick_sender(test::ipc_endpoint()));
    (*sender)->send(numbered_payload(1, 10), into(done));
    EXPECT_EQ((*sender)->pending(), 1u);
  }
  EXPECT_EQ(only_error(done), errc::closed);
}

TEST(link, a_sender_that_goes_away_is_reported) {
  received in;
  auto receiver = payload_receiver::bind(quick_receiver(), in.handlers());
  results done;
  {
    auto sender = payload_sender::connect(quick_sender((*receiver)->endpoint()));
    (*sender)->send(numbered_payload(1, 10), into(done));
    ASSERT_TRUE(done.wait_for(1));
  }
  ASSERT_TRUE(in.lost.wait_for(1, 4s));
  const auto lost = in.lost.take();
  EXPECT_EQ(lost[0].first.name, "sender");
  EXPECT_EQ(lost[0].second.code, errc::peer_lost);
}

TEST(link, payloads_outlive_their_receiver) {
  received in;
  std::vector<received_payload> kept;
  {
    auto receiver = payload_receiver::bind(quick_receiver(), in.handlers());
    auto sender = payload_sender::connect(quick_sender((*receiver)->endpoint()));
    (*sender)->send(numbered_payload(1, 100'000), {});
    ASSERT_TRUE(in.payloads.wait_for(1));
    kept = in.payloads.take();
  }
  EXPECT_EQ(bytes_of(kept[0].content), bytes_of(numbered_payload(1, 100'000)));
}

TEST(link, goes_over_ipv6_and_names) {
  if (!test::has_ipv6())
    GTEST_SKIP() << "this machine has no IPv6";
  for (const auto* where : {"tcp://[::1]:*", "TCP://[::1]:0", "tcp://localhost:*", "tcp://*:*", "tcp://[::]:*"}) {
    received in;
    auto receiver = payload_receiver::bind(quick_receiver(where), in.handlers());
    ASSERT_TRUE(receiver) << receiver.error().message;
    const auto bound = *parse_tcp_endpoint((*receiver)->endpoint(), address_use::listen);
    EXPECT_EQ(bound.host, parse_tcp_endpoint(where, address_use::listen)->host);
    // Who listens everywhere is found at addresses of both families.
    std::vector<std::string> hosts{bound.host};
    if (is_wildcard(bound))
      hosts = {"127.0.0.1", "localhost"};
    for (const auto& host : hosts) {
      results sent;
      auto sender = payload_sender::connect(quick_sender("tcp://" + to_string({host, bound.port})));
      ASSERT_TRUE(sender) << sender.error().message;
      (*sender)->send(numbered_payload(1, 1000), into(sent));
      ASSERT_TRUE(sent.wait_for(1)) << where << host;
      EXPECT_TRUE(sent.take()[0]) << where << host;
    }
  }
}

TEST(link, what_cannot_be_bound_or_connected_is_an_error) {
  received in;
  const auto unknown = payload_receiver::bind(quick_receiver("tcp://no-such-host.invalid:1"), in.handlers());
  EXPECT_EQ(unknown.error().code, errc::io_failed);
  EXPECT_THAT(unknown.error().message, HasSubstr("the host \"no-such-host.invalid\" is not known"));
  const auto nobody = payload_sender::connect(quick_sender("tcp://no-such-host.invalid:1"));
  EXPECT_EQ(nobody.error().code, errc::io_failed);
  EXPECT_THAT(nobody.error().message, HasSubstr("the host \"no-such-host.invalid\" is not known"));
  EXPECT_THAT(payload_sender::connect(quick_sender("tcp://::1:1")).error().message, HasSubstr("needs brackets"));
  EXPECT_EQ(payload_receiver::bind(quick_receiver("tcp://256.0.0.1:1"), in.handlers()).error().code, errc::io_failed);
  EXPECT_EQ(payload_receiver::bind(quick_receiver(), {}).error().code, errc::invalid_argument);
  auto first = payload_receiver::bind(quick_receiver(), in.handlers());
  EXPECT_EQ(payload_receiver::bind(quick_receiver((*first)->endpoint()), in.handlers()).error().code, errc::io_failed);
  EXPECT_EQ(payload_sender::connect(quick_sender("nonsense")).error().code, errc::invalid_argument);
  auto options = quick_sender("tcp://127.0.0.1:1");
  options.curve = curve_client{{"short", "short"}, "short"};
  EXPECT_EQ(payload_sender::connect(options).error().code, errc::invalid_argument);
  auto receiving = quick_receiver();
  receiving.curve = curve_server{{"short", "short"}, {}};
  EXPECT_EQ(payload_receiver::bind(receiving, in.handlers()).error().code, errc::invalid_argument);
}

} // namespace
} // namespace avp
