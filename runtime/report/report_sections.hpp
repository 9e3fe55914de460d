// The sections of a report as its template takes them. Keys that end in `_svg` hold finished markup; all else is text.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/report/recorded_run.hpp"
#include "runtime/report/series.hpp"

namespace avp {

/// What was run: a table with a column for each run.
[[nodiscard]] nlohmann::ordered_json facts_section(const std::vector<recorded_run>& runs);

/// The table of modes, their charts, and the modes compared task by task where summary.json does so; null where there
/// are no results.
[[nodiscard]] nlohmann::ordered_json modes_section(const std::vector<recorded_run>& runs,
                                                   const std::vector<series>& all);

/// Tokens and seconds by agent: charts and a table; null where there are no results.
[[nodiscard]] nlohmann::ordered_json agents_section(const std::vector<series>& all);

/// The sweeps of the runs that have one: sentences, charts and a table each; null where none has. A sweep that can't be
/// read is noted in its run.
[[nodiscard]] nlohmann::ordered_json scaling_section(std::vector<recorded_run>& runs);

/// Timelines of the first tasks; null where there are no results.
[[nodiscard]] nlohmann::ordered_json timeline_section(const std::vector<recorded_run>& runs,
                                                      const std::vector<series>& all);

/// The flow of each mode of each run; null where no run tells its plans.
[[nodiscard]] nlohmann::ordered_json flow_section(const std::vector<recorded_run>& runs);

/// The texts of every task by series; null where there are no results.
[[nodiscard]] nlohmann::ordered_json tasks_section(const std::vector<recorded_run>& runs,
                                                   const std::vector<series>& all);

} // namespace avp
