// Which results belong to one task.
#pragma once

#include <string>
#include <vector>

#include "runtime/report/recorded_run.hpp"
#include "runtime/report/series.hpp"

namespace avp {

/// One task in all series.
struct indexed_task {
  std::string id;
  std::vector<const task_result*> results; ///< For each series, null where the task did not run in it.
};

/// All tasks, in the order of their ids, where numbers count as numbers (t2 before t10). The results stay in `runs`.
[[nodiscard]] std::vector<indexed_task> index_tasks(const std::vector<recorded_run>& runs,
                                                    const std::vector<series>& all);

} // namespace avp
