// Timelines of the first tasks.
#include <algorithm>

#include "runtime/report/report_sections.hpp"
#include "runtime/report/report_table.hpp"
#include "runtime/report/task_index.hpp"
#include "runtime/report/timeline_chart.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

// A timeline is some 4 kB; of a large run the first ones show how it went.
constexpr std::size_t most_timelines = 60;

timeline line_of(const recorded_run& run, const series& one, const task_result& result) {
  timeline line{.label = one.label, .mode = one.mode};
  if (const auto traced = run.times.find({result.task, one.mode}); traced != run.times.end()) {
    line.slices = traced->second;
  } else {
    const auto planned =
        std::find_if(run.plans.begin(), run.plans.end(), [&](const auto& p) { return p.mode == one.mode; });
    line.slices = slices_from_hops(result, planned == run.plans.end() ? nullptr : &*planned);
  }
  for (const auto& agent : one.agents)
    line.agents.push_back(agent.name);
  for (const auto& slice : line.slices)
    if (std::find(line.agents.begin(), line.agents.end(), slice.agent) == line.agents.end())
      line.agents.push_back(slice.agent);
  return line;
}

json timeline_of(const indexed_task& task, const std::vector<recorded_run>& runs, const std::vector<series>& all) {
  std::vector<timeline> lines;
  report_table table("Seconds from the task's first request in each mode.", {"mode", "agent", "what", "from", "to"}, 3);
  for (std::size_t column = 0; column < all.size(); ++column) {
    if (!task.results[column])
      continue;
    lines.push_back(line_of(runs[all[column].run], all[column], *task.results[column]));
    for (const auto& slice : lines.back().slices)
      table.add({all[column].label, slice.agent, slice.what, with_places(slice.start_ms / 1000, 3),
                 with_places(slice.end_ms / 1000, 3)});
  }
  return {{"task", task.id}, {"chart_svg", timeline_chart(task.id, lines)}, {"table", table.json()}};
}

} // namespace

json timeline_section(const std::vector<recorded_run>& runs, const std::vector<series>& all) {
  const auto tasks = index_tasks(runs, all);
  if (tasks.empty())
    return nullptr;
  auto shown = json::array();
  for (const auto& task : tasks) {
    if (shown.size() == most_timelines)
      break;
    shown.push_back(timeline_of(task, runs, all));
    shown.back()["first"] = shown.size() == 1;
  }
  json section = {{"tasks", shown}, {"note", nullptr}};
  if (tasks.size() > most_timelines)
    section["note"] = "The first " + std::to_string(most_timelines) + " of " +
                      with_separators(static_cast<std::int64_t>(tasks.size())) +
                      " tasks are shown; trace.json has them all.";
  return section;
}

} // namespace avp
