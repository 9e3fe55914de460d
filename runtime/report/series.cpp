// Adding up results.
#include "runtime/report/series.hpp"

#include <algorithm>

namespace avp {

namespace {

const plan* plan_of(const recorded_run& run, mode m) {
  const auto found = std::find_if(run.plans.begin(), run.plans.end(), [&](const auto& p) { return p.mode == m; });
  return found == run.plans.end() ? nullptr : &*found;
}

agent_tally& agent_named(series& sums, const std::string& name) {
  const auto known =
      std::find_if(sums.agents.begin(), sums.agents.end(), [&](const auto& a) { return a.name == name; });
  if (known != sums.agents.end())
    return *known;
  sums.agents.push_back({.name = name});
  return sums.agents.back();
}

void add(series& sums, const task_result& result) {
  ++sums.tasks;
  sums.failed += result.ok() ? 0 : 1;
  sums.counts += result.counts();
  sums.handed_over += result.handed_over();
  if (result.score) {
    ++sums.scored;
    sums.score += *result.score;
    sums.right += *result.score >= 1 ? 1 : 0;
  }
  for (const auto& hop : result.agents) {
    auto& agent = agent_named(sums, hop.name);
    agent.kind = hop.kind;
    ++agent.hops;
    agent.counts += hop.counts;
    agent.handed_over += hop.handed_over;
    agent.ms += hop.ms;
  }
}

// Of a sweep none: what is shown of it are its results of the largest size, and the seconds are of all sizes.
std::optional<double> seconds_of(const recorded_run& run, mode m) {
  if (run.scaling.is_object() || !run.totals.is_object() || !run.totals.contains("modes"))
    return std::nullopt;
  for (const auto& row : run.totals.at("modes"))
    if (row.is_object() && row.value("mode", "") == name_of(m) && row.contains("seconds") &&
        row.at("seconds").is_number())
      return row.at("seconds").get<double>();
  return std::nullopt;
}

// The run's own comparison of modes, which knows fractional scores better.
std::optional<interval> range_of(const recorded_run& run, const series& sums) {
  try {
    for (const auto& row : run.totals.at("comparison").at("scores"))
      if (row.at("mode") == name_of(sums.mode) && row.at("tasks") == sums.scored)
        return interval{row.at("low").get<double>(), row.at("high").get<double>()};
  } catch (const nlohmann::json::exception&) { // there is none
  }
  return std::nullopt;
}

} // namespace

std::vector<series> series_of(const std::vector<recorded_run>& runs) {
  std::vector<series> all;
  for (std::size_t run = 0; run < runs.size(); ++run)
    for (const auto m : all_values<mode>) {
      series sums{.label = std::string(name_of(m)), .run = run, .mode = m};
      if (runs.size() > 1)
        sums.label = runs[run].label + " · " + sums.label;
      if (const auto* planned = plan_of(runs[run], m))
        for (const auto& agent : planned->agents)
          sums.agents.push_back({.name = agent.name, .kind = agent.kind});
      for (const auto& result : runs[run].results)
        if (result.mode == m)
          add(sums, result);
      if (sums.tasks == 0)
        continue;
      sums.seconds = seconds_of(runs[run], m);
      sums.told_range = range_of(runs[run], sums);
      all.push_back(std::move(sums));
    }
  return all;
}

} // namespace avp
