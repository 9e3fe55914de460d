// A run as its folder tells it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <istream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/pipeline/plan.hpp"
#include "runtime/report/request_slice.hpp"
#include "runtime/results/task_result.hpp"

namespace avp {

/// Everything that a report is made of.
struct recorded_run {
  std::string label;             ///< The folder's name.
  nlohmann::ordered_json facts;  ///< run.json; null where it can't be read.
  nlohmann::ordered_json totals; ///< summary.json; null where it can't be read.
  std::vector<plan> plans;       ///< Of the modes that ran, from run.json.
  std::vector<task_result> results;
  task_times times;               ///< From trace.json and, of a resumed run, trace-2.json, …
  nlohmann::ordered_json scaling; ///< scaling.json; null where there is none or it can't be read.
  std::vector<std::string> notes; ///< What is missing or damaged, a sentence each.
};

/// What a results.jsonl holds.
struct recorded_results {
  std::vector<task_result> results;    ///< In order; of two lines for one task and mode the later one.
  std::vector<std::size_t> unreadable; ///< Line numbers, from 1, of what is no result.
};

/// Reads a results.jsonl.
[[nodiscard]] recorded_results read_results(std::istream& lines);

/// Reads a run's folder. What is missing or damaged is left out and noted. Throws report_error when there is no such
/// folder, or nothing of a run in it.
[[nodiscard]] recorded_run read_run(const std::filesystem::path& folder);

} // namespace avp
