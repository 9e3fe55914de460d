// What nodes tell of themselves, on its way to totals, metrics and trace.
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/node/cluster_counters.hpp"
#include "runtime/node/device_log.hpp"
#include "runtime/telemetry/metrics_text.hpp"
#include "tests/runtime/telemetry/observed_device.hpp"

namespace avp {
namespace {

using std::chrono::nanoseconds;
using testing::HasSubstr;

step_record step_at(std::chrono::steady_clock::time_point start) {
  step_record step;
  step.start = start;
  step.milliseconds = 2;
  step.model = "main";
  step.rows.decode = 3;
  return step;
}

device_counters counters_with(std::int64_t steps, std::int64_t used) {
  device_counters counters;
  counters.steps = steps;
  counters.rows.latent = 10 * steps;
  counters.busy_seconds = 0.5 * static_cast<double>(steps);
  counters.blocks_used = used;
  counters.blocks_total = 100;
  return counters;
}

TEST(device_counters, what_grows_is_subtracted_and_added) {
  const auto since = counters_with(7, 20).since(counters_with(3, 50));
  EXPECT_EQ(since.steps, 4);
  EXPECT_EQ(since.rows.latent, 40);
  EXPECT_EQ(since.busy_seconds, 2);
  EXPECT_EQ(since.blocks_used, 20);
  EXPECT_EQ(since.blocks_total, 100);
  const auto after = since.after(counters_with(5, 1));
  EXPECT_EQ(after.steps, 9);
  EXPECT_EQ(after.rows.latent, 90);
  EXPECT_EQ(after.busy_seconds, 4.5);
  EXPECT_EQ(after.blocks_used, 20);
}

TEST(device_log, tells_what_came_since_it_was_asked) {
  device_log log("cpu");
  const auto now = std::chrono::steady_clock::now();
  log.on_step(step_at(now), counters_with(1, 4));
  auto next = log.next();
  EXPECT_EQ(next, 1);
  EXPECT_TRUE(log.take_since(next).empty());
  request_record request;
  request.label = "judge";
  log.on_request(request, counters_with(1, 5));
  log.on_step(step_at(now), counters_with(2, 6));
  const auto events = log.take_since(next);
  ASSERT_EQ(events.size(), 2);
  EXPECT_EQ(std::get<request_record>(events[0]).label, "judge");
  EXPECT_EQ(std::get<traced_step>(events[1]).blocks_used, 6);
  EXPECT_EQ(next, 3);
  EXPECT_EQ(log.totals().counters.steps, 2);
}

TEST(device_log, forgets_the_oldest) {
  device_log log("cpu");
  for (int i = 0; i < 10000; ++i)
    log.on_step(step_at({}), counters_with(i, 0));
  std::uint64_t next = 0;
  const auto events = log.take_since(next);
  EXPECT_EQ(next, 10000);
  EXPECT_LT(events.size(), 10000);
  EXPECT_GT(events.size(), 1000);
}

TEST(device_activity, an_event_comes_as_it_went_by_the_receivers_clock) {
  const auto now = std::chrono::steady_clock::now();
  request_record request;
  request.id = 5;
  request.task = 7;
  request.label = "judge";
  request.kind = "generate";
  request.model = "main";
  request.submitted = now;
  request.started = now + nanoseconds(10);
  request.ended = now + nanoseconds(30);
  request.counts.output_tokens = 12;
  request.preemptions = 1;
  request.error = "out of time";
  device_activity activity;
  add_event(activity, request);
  add_event(activity, traced_step{0, step_at(now), 1, 2, 3});
  const auto came = request_of(activity.requests.at(0), nanoseconds(1000));
  EXPECT_EQ(came.submitted, now + nanoseconds(1000));
  EXPECT_EQ(came.started, now + nanoseconds(1010));
  EXPECT_EQ(came.ended, now + nanoseconds(1030));
  EXPECT_EQ(std::tie(came.id, came.task, came.label, came.kind, came.model, came.counts, came.preemptions, came.error),
            std::tie(request.id, request.task, request.label, request.kind, request.model, request.counts,
                     request.preemptions, request.error));
  const auto step = step_of(activity.steps.at(0), nanoseconds(-5));
  EXPECT_EQ(step.step.start, now - nanoseconds(5));
  EXPECT_EQ(step.step.rows.decode, 3);
  EXPECT_EQ(step.blocks_shared, 2);
}

device_activity activity_of(const device_counters& counters) { return {"cpu", counters, 9, 2, {}, {}}; }

TEST(cluster_counters, adds_up_the_sessions_of_a_node) {
  cluster_counters counters(nullptr);
  counters.add_node("b");
  counters.set_ready("b", true);
  counters.note("b", activity_of(counters_with(3, 4)), {});
  counters.note("b", link_counters{"c", 2, 100, 400});
  counters.note("b", activity_of(counters_with(5, 6)), {});
  counters.count_hop("b");
  counters.count_retried("b");
  counters.end_session("b", true);
  counters.note("b", activity_of(counters_with(2, 1)), {});
  counters.note("b", link_counters{"c", 1, 10, 40});
  counters.note_sent({{"b", {.contexts_sent = 4, .bytes_sent = 7, .whole_bytes_sent = 8}}, {"c", {}}});
  ASSERT_EQ(counters.devices().size(), 1);
  const auto device = counters.devices().front();
  EXPECT_EQ(device.device, "b/cpu");
  EXPECT_EQ(device.counters.steps, 7);
  EXPECT_EQ(device.counters.blocks_used, 1);
  EXPECT_EQ(device.blocks_used_most, 9);
  const auto totals = counters.totals();
  ASSERT_EQ(totals.nodes.size(), 1);
  EXPECT_FALSE(totals.nodes[0].is_ready);
  EXPECT_EQ(totals.nodes[0].lost, 1);
  ASSERT_EQ(totals.links.size(), 2);
  EXPECT_EQ(links_json(totals), nlohmann::ordered_json::parse(R"([
    {"from": "b", "to": "c", "contexts": 3, "wire_bytes": 110, "context_bytes": 440},
    {"from": "local", "to": "b", "contexts": 4, "wire_bytes": 7, "context_bytes": 8}])"));
  EXPECT_EQ(nodes_json(totals),
            nlohmann::ordered_json::parse(R"([{"node": "b", "hops": 1, "lost": 1, "hops_retried": 1}])"));
}

TEST(cluster_counters, nothing_is_said_of_nodes_where_there_are_none) {
  EXPECT_EQ(cluster_text({}), "");
  EXPECT_THAT(metrics_text({}, {}), testing::Not(HasSubstr("avp_node_up")));
}

TEST(metrics_text, has_nodes_and_links) {
  cluster_totals totals;
  totals.nodes.push_back({.node = "b", .is_ready = true, .hops = 3, .retried = 2, .lost = 1});
  totals.links.push_back({.from = "b", .to = "a\"c", .contexts = 4, .bytes = 5, .whole_bytes = 6});
  const auto text = metrics_text({}, totals);
  for (const auto* line :
       {"avp_node_up{node=\"b\"} 1\n", "avp_node_hops_total{node=\"b\"} 3\n", "avp_hops_retried_total{node=\"b\"} 2\n",
        "avp_node_lost_total{node=\"b\"} 1\n", "avp_link_contexts_total{from=\"b\",to=\"a\\\"c\"} 4\n",
        "avp_link_bytes_total{from=\"b\",to=\"a\\\"c\"} 5\n",
        "avp_link_whole_bytes_total{from=\"b\",to=\"a\\\"c\"} 6\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

} // namespace
} // namespace avp
