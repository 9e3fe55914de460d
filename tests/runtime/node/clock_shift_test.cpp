// How far two clocks are apart, by pings.
#include <gtest/gtest.h>

#include "runtime/node/clock_shift.hpp"

namespace {

using namespace avp;
using namespace std::chrono_literals;

constexpr clock_shift::clock::time_point first_ping{1h};
constexpr auto our_lead = 7min; // of the node's clock

node_time node_clock_at(clock_shift::clock::time_point ours) {
  return std::chrono::nanoseconds((ours - our_lead).time_since_epoch()).count();
}

TEST(clock_shift, the_shortest_way_counts) {
  clock_shift clock;
  EXPECT_EQ(clock.shift(), 0ns);
  clock.take(clock.ping(first_ping), node_clock_at(first_ping + 9ms), first_ping + 10ms); // it was read late
  EXPECT_EQ(clock.shift(), our_lead - 4ms);
  clock.take(clock.ping(first_ping + 1s), node_clock_at(first_ping + 1s + 1ms), first_ping + 1s + 2ms);
  EXPECT_EQ(clock.shift(), our_lead);
  clock.take(clock.ping(first_ping + 2s), node_clock_at(first_ping + 2s), first_ping + 3s);
  EXPECT_EQ(clock.shift(), our_lead);
}

TEST(clock_shift, of_ways_longer_than_the_time_between_pings_the_shortest_counts) {
  clock_shift clock;
  const auto first = clock.ping(first_ping);
  const auto second = clock.ping(first_ping + 1s);
  const auto third = clock.ping(first_ping + 2s);
  clock.take(first, node_clock_at(first_ping + 1s), first_ping + 2s + 100ms);
  EXPECT_EQ(clock.shift(), our_lead + 50ms);
  const auto fourth = clock.ping(first_ping + 3s);
  clock.take(second, node_clock_at(first_ping + 2s), first_ping + 3s);
  EXPECT_EQ(clock.shift(), our_lead);
  clock.take(third, node_clock_at(first_ping + 2s), first_ping + 4s + 500ms);
  clock.take(fourth, node_clock_at(first_ping + 3s), first_ping + 5s + 500ms);
  EXPECT_EQ(clock.shift(), our_lead);
}

TEST(clock_shift, a_second_answer_and_one_to_a_ping_before_another_that_was_answered_tell_nothing) {
  clock_shift clock;
  const auto first = clock.ping(first_ping);
  const auto second = clock.ping(first_ping + 1s);
  clock.take(second, node_clock_at(first_ping + 1s), first_ping + 2s);
  EXPECT_EQ(clock.shift(), our_lead + 500ms);
  clock.take(second, node_clock_at(first_ping + 1s), first_ping + 1s);
  clock.take(first, node_clock_at(first_ping), first_ping);
  EXPECT_EQ(clock.shift(), our_lead + 500ms);
}

TEST(clock_shift, a_new_connection_may_lead_to_another_clock) {
  clock_shift clock;
  const auto first = clock.ping(first_ping);
  clock.take(first, node_clock_at(first_ping), first_ping);
  const auto unanswered = clock.ping(first_ping + 500ms);
  clock.begin();
  clock.take(unanswered, node_clock_at(first_ping), first_ping + 500ms);
  EXPECT_EQ(clock.shift(), our_lead) << "it is of the connection before";
  const auto second = clock.ping(first_ping + 1s);
  EXPECT_NE(first, second);
  clock.take(second, node_clock_at(first_ping + 1s) + 3, first_ping + 1s);
  EXPECT_EQ(clock.shift(), our_lead - 3ns);
}

} // namespace
