// Counters on their way to totals, text, JSON and Prometheus.
#include <map>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/telemetry/device_monitor.hpp"
#include "runtime/telemetry/device_report.hpp"
#include "runtime/telemetry/metrics_text.hpp"
#include "tests/runtime/telemetry/observed_device.hpp"

namespace avp {
namespace {

using testing::HasSubstr;

TEST(device_monitor, keeps_the_last_counters_and_the_most) {
  device_monitor monitor("cuda:0");
  auto counters = test::some_counters();
  monitor.on_step({}, counters);
  counters.steps = 11;
  counters.blocks_used = 5;
  counters.blocks_shared = 100;
  monitor.on_request({}, counters);
  const auto totals = monitor.totals();
  EXPECT_EQ(totals.device, "cuda:0");
  EXPECT_EQ(totals.counters.steps, 11);
  EXPECT_EQ(totals.counters.blocks_used, 5);
  EXPECT_EQ(totals.blocks_used_most, 300);
  EXPECT_EQ(totals.blocks_shared_most, 100);
}

device_totals some_totals() {
  return {.device = "cpu", .counters = test::some_counters(), .blocks_used_most = 1300, .blocks_shared_most = 71};
}

TEST(device_report, says_rates_and_means) {
  EXPECT_EQ(
      device_text(some_totals(), 2.5),
      "device cpu: 10 forward passes, 160.0 rows each, busy 50 % of the time\n"
      "  rows: prefill 1,500 (600.0/s), latent 60 (24.0/s), decode 40 (16.0/s); run again: 5; guessed: 30, of which 25 "
      "came true\n"
      "  requests: 3 done, 1 failed, queued for 125.0 ms on average; preemptions: 2\n"
      "  blocks of 65.5 kB: at most 1,300 of 4,096 used, 71 shared; copied: 9; contexts evicted: 11; prompt tokens "
      "shared: 14\n");
}

TEST(device_report, a_device_that_did_nothing_has_no_rates) {
  const auto text = device_text({.device = "cpu"}, 0);
  EXPECT_THAT(text, HasSubstr("0 forward passes, 0.0 rows each, busy 0 %"));
  EXPECT_THAT(text, testing::Not(HasSubstr("guessed")));
  EXPECT_EQ(device_json({.device = "cpu"}, 0).at("mean_queue_ms"), 0);
}

TEST(device_report, summary_json_has_the_same_numbers) {
  const auto json = device_json(some_totals(), 2.5);
  EXPECT_EQ(json.at("device"), "cpu");
  EXPECT_EQ(json.at("rows_per_step"), 160);
  EXPECT_EQ(json.at("rows"),
            nlohmann::ordered_json::parse(R"({"prefill": 1500, "latent": 60, "decode": 40, "replayed": 5, "guessed": 30,
                                           "accepted": 25})"));
  EXPECT_EQ(json.at("rows_per_second").at("latent"), 24);
  EXPECT_EQ(json.at("mean_queue_ms"), 125);
  EXPECT_EQ(json.at("blocks_used_most"), 1300);
  EXPECT_EQ(json.at("contexts_evicted"), 11);
}

/// Samples by their names with labels; every family must have been announced.
std::map<std::string, double> samples_in(const std::string& text) {
  std::map<std::string, double> samples;
  std::map<std::string, std::string> types;
  std::istringstream lines(text);
  const std::regex help("# HELP ([a-z_]+) [^ ].*\\.");
  const std::regex type("# TYPE ([a-z_]+) (counter|gauge)");
  const std::regex sample("(([a-z_]+)\\{device=\"[^\"]+\"(?:,[a-z]+=\"[a-z]+\")?\\}) ([0-9.e+-]+)");
  std::string helped;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      helped = match[1];
    } else if (std::regex_match(line, match, type)) {
      EXPECT_EQ(match[1], helped);
      EXPECT_TRUE(types.emplace(match[1], match[2]).second) << "a family comes once: " << line;
      EXPECT_EQ(match[2] == "counter", helped.ends_with("_total")) << line;
    } else if (std::regex_match(line, match, sample)) {
      EXPECT_EQ(match[2], helped) << "samples of a family stand together";
      EXPECT_TRUE(samples.emplace(match[1], std::stod(match[3])).second) << line;
    } else {
      ADD_FAILURE() << "not in the format: " << line;
    }
  }
  return samples;
}

TEST(metrics_text, has_every_counter_of_every_device) {
  auto other = some_totals();
  other.device = "cuda:0";
  other.counters.steps = 99;
  const auto text = metrics_text({some_totals(), other});
  EXPECT_TRUE(text.ends_with("\n"));
  const auto samples = samples_in(text);
  const std::map<std::string, double> expected{{"avp_steps_total{device=\"cpu\"}", 10},
                                               {"avp_steps_total{device=\"cuda:0\"}", 99},
                                               {"avp_rows_total{device=\"cpu\",kind=\"prefill\"}", 1500},
                                               {"avp_rows_total{device=\"cpu\",kind=\"latent\"}", 60},
                                               {"avp_rows_total{device=\"cpu\",kind=\"decode\"}", 40},
                                               {"avp_rows_replayed_total{device=\"cpu\"}", 5},
                                               {"avp_rows_guessed_total{device=\"cpu\"}", 30},
                                               {"avp_rows_accepted_total{device=\"cpu\"}", 25},
                                               {"avp_busy_seconds_total{device=\"cpu\"}", 1.25},
                                               {"avp_requests{device=\"cpu\",state=\"running\"}", 12},
                                               {"avp_requests{device=\"cpu\",state=\"waiting\"}", 13},
                                               {"avp_requests_done_total{device=\"cpu\"}", 3},
                                               {"avp_requests_failed_total{device=\"cpu\"}", 1},
                                               {"avp_queue_seconds_total{device=\"cpu\"}", 0.5},
                                               {"avp_preemptions_total{device=\"cpu\"}", 2},
                                               {"avp_kv_blocks{device=\"cpu\",state=\"used\"}", 300},
                                               {"avp_kv_blocks{device=\"cpu\",state=\"shared\"}", 70},
                                               {"avp_kv_blocks{device=\"cpu\",state=\"cached\"}", 80},
                                               {"avp_kv_blocks{device=\"cpu\",state=\"total\"}", 4096},
                                               {"avp_kv_block_bytes{device=\"cpu\"}", 65536},
                                               {"avp_blocks_copied_total{device=\"cpu\"}", 9},
                                               {"avp_contexts_evicted_total{device=\"cpu\"}", 11},
                                               {"avp_shared_tokens_total{device=\"cpu\"}", 14}};
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(samples.contains(name)) << name;
    EXPECT_EQ(samples.at(name), value) << name;
  }
  EXPECT_EQ(samples.size(), 2 * (expected.size() - 1));
}

TEST(row_counts, add_up) {
  row_counts sum{.prefill = 1, .latent = 2, .decode = 3, .replayed = 4, .guessed = 5, .accepted = 6};
  sum += row_counts{.prefill = 10, .latent = 20, .decode = 30, .replayed = 40, .guessed = 50, .accepted = 60};
  EXPECT_EQ(sum.prefill, 11);
  EXPECT_EQ(sum.latent, 22);
  EXPECT_EQ(sum.decode, 33);
  EXPECT_EQ(sum.replayed, 44);
  EXPECT_EQ(sum.guessed, 55);
  EXPECT_EQ(sum.accepted, 66);
  EXPECT_EQ(sum.total(), 66);
}

} // namespace
} // namespace avp
