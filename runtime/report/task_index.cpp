// Joining results by record id.
#include "runtime/report/task_index.hpp"

#include <algorithm>
#include <cstring>
#include <map>

namespace avp {

std::vector<indexed_task> index_tasks(const std::vector<recorded_run>& runs, const std::vector<series>& all) {
  std::vector<indexed_task> tasks;
  std::map<std::string, std::size_t> places;
  for (std::size_t column = 0; column < all.size(); ++column)
    for (const auto& result : runs[all[column].run].results) {
      if (result.mode != all[column].mode)
        continue;
      const auto [place, fresh] = places.emplace(result.task, tasks.size());
      if (fresh)
        tasks.push_back({result.task, std::vector<const task_result*>(all.size())});
      tasks[place->second].results[column] = &result;
    }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const auto& a, const auto& b) { return strverscmp(a.id.c_str(), b.id.c_str()) < 0; });
  return tasks;
}

} // namespace avp
