// What a sweep leaves behind: points, fits and sentences.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/results/scaling.hpp"
#include "tests/test_data.hpp"

namespace avp {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

pipeline swept() {
  pipeline p;
  p.name = "grow";
  p.sweep = sweep_spec{.over = sweep_over::hops,
                       .repeat = "critic",
                       .values = {2, 3, 4, 5},
                       .series = {sweep_series::latent, sweep_series::text}};
  return p;
}

/// Latent costs grow as n, those in text mode as n²; a task that is twice as long costs twice as much.
task_result costs(const std::string& task, std::int64_t length, std::int64_t n, sweep_series series) {
  const auto factor = series == sweep_series::latent ? n : n * n;
  task_result result;
  result.task = task;
  result.mode = mode_of(series);
  result.sweep = sweep_point{sweep_over::hops, n, series};
  result.score = n % 2 == 0 ? 1.0 : 0.0;
  agent_result agent;
  agent.counts.prompt_tokens = length * factor;
  agent.counts.computed_tokens = length * factor;
  agent.counts.device_ms = 0.25 * static_cast<double>(length * factor);
  result.agents = {agent};
  return result;
}

scaling full(const pipeline& p) {
  scaling found(p);
  for (const auto n : p.sweep->values)
    for (const auto series : p.sweep->series)
      for (const auto& [task, length] : {std::pair{"short", 10}, {"long", 20}})
        found.add(costs(task, length, n, series));
  return found;
}

std::vector<std::string> keys(const ordered_json& object) {
  std::vector<std::string> result;
  for (const auto& [key, value] : object.items())
    result.push_back(key);
  return result;
}

TEST(scaling, sentences_say_how_costs_grow) {
  const auto p = swept();
  EXPECT_THAT(full(p).sentences(),
              ElementsAre("At 5 hops text feeds n^2.00 [2.00, 2.00] prompt tokens, latent n^1.00 [1.00, 1.00].",
                          "At 5 hops text computes n^2.00 [2.00, 2.00] prompt rows, latent n^1.00 [1.00, 1.00].",
                          "At 5 hops text takes n^2.00 [2.00, 2.00] device time, latent n^1.00 [1.00, 1.00]."));
}

TEST(scaling, json_has_points_and_fits) {
  const auto p = swept();
  const auto written = full(p).json();
  EXPECT_EQ(written["over"], "hops");
  EXPECT_EQ(written["tasks"], (std::vector<std::string>{"long", "short"}));
  EXPECT_EQ(written["quantities"], (std::vector<std::string>{"prompt_tokens", "computed_tokens", "device_ms"}));
  ASSERT_THAT(written["points"], SizeIs(16));
  const auto& point = written["points"][15];
  EXPECT_EQ(point.dump(), R"({"n":5,"series":"text","task":"short","ok":true,"score":0.0,"prompt_tokens":250,)"
                          R"("computed_tokens":250,"device_ms":62.5})");
  ASSERT_THAT(written["fits"], SizeIs(6));
  const auto& fit = written["fits"][3];
  EXPECT_EQ(fit["quantity"], "computed_tokens");
  EXPECT_EQ(fit["series"], "text");
  EXPECT_EQ(fit["means"], (std::vector<double>{60, 135, 240, 375}));
  EXPECT_NEAR(fit["quadratic"]["square"].get<double>(), 15, 1e-9);
  EXPECT_EQ(fit["favoured"], "quadratic");
  EXPECT_EQ(written["fits"][2]["favoured"], "linear");
  EXPECT_NEAR(written["fits"][2]["linear"]["slope"].get<double>(), 15, 1e-9);
}

TEST(scaling, json_has_the_keys_of_the_example) {
  std::ifstream file(test::test_data("scaling_example.json"));
  const auto example = ordered_json::parse(file);
  const auto p = swept();
  const auto written = full(p).json();
  EXPECT_EQ(keys(written), keys(example));
  EXPECT_EQ(keys(written["fits"][0]), keys(example["fits"][0]));
  EXPECT_EQ(keys(written["fits"][0]["linear"]), keys(example["fits"][0]["linear"]));
  EXPECT_EQ(keys(written["fits"][0]["quadratic"]), keys(example["fits"][0]["quadratic"]));
}

TEST(scaling, only_tasks_that_went_well_everywhere_are_fitted) {
  const auto p = swept();
  auto found = full(p);
  auto failed = costs("broken", 10, 2, sweep_series::latent);
  failed.error = "it broke";
  found.add(failed);
  const auto written = found.json();
  EXPECT_EQ(written["left_out"], std::vector<std::string>{"broken"});
  EXPECT_EQ(written["fits"], full(p).json()["fits"]);
  EXPECT_THAT(written["points"], SizeIs(17));
  EXPECT_FALSE(written["points"][0]["ok"]);
}

TEST(scaling, an_interrupted_sweep_has_points_and_no_fits) {
  const auto p = swept();
  scaling found(p);
  found.add(costs("one", 10, 2, sweep_series::latent));
  EXPECT_THAT(found.sentences(), ElementsAre(StartsWith("No task went well at every point")));
  const auto written = found.json();
  EXPECT_THAT(written["points"], SizeIs(1));
  EXPECT_EQ(written["fits"], ordered_json::array());
  EXPECT_EQ(written["left_out"], std::vector<std::string>{"one"});
}

TEST(scaling, table_has_a_row_for_each_point) {
  const auto p = swept();
  auto found = full(p);
  found.add_seconds({sweep_over::hops, 3, sweep_series::text}, 1.5);
  const auto table = found.table();
  EXPECT_THAT(
      table, StartsWith("hops  series  tasks  failed    score  prompt  computed  latent  output  device s  seconds\n"
                        "2     latent      2       0  100.0 %      60        60       0       0      0.01     0.00\n"));
  EXPECT_THAT(
      table,
      HasSubstr("\n3     text        2       0    0.0 %     270       270       0       0      0.07     1.50\n"));
}

} // namespace
} // namespace avp
