// Which mode is better, on the same tasks, and how sure that is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/results/task_result.hpp"

namespace avp {

/// Collects scores by mode and compares the modes two by two on the tasks that both have a score for.
class comparison {
public:
  /// Takes a result; one without a score counts nowhere.
  void add(const task_result& result);

  /// A line with each mode's score and its 95 % interval, and one for each pair of modes with the difference, its
  /// interval, and where scores are right or wrong McNemar's exact test. Empty where fewer than two modes have scores.
  [[nodiscard]] std::string text() const;

  /// The same for summary.json: `scores` with `mode`, `tasks`, `score`, `low`, `high`; `pairs` with `first`, `second`,
  /// `tasks`, `difference` (first - second), `low`, `high`, and `first_only`, `second_only` and `p`, or null where
  /// scores are fractional. Shares, not percent.
  [[nodiscard]] nlohmann::ordered_json json() const;

private:
  using scores = std::map<std::string, double>; ///< By task.

  struct mode_score;
  struct pair_of_modes;

  [[nodiscard]] std::vector<mode_score> by_mode() const;
  [[nodiscard]] std::vector<pair_of_modes> pairs() const;
  [[nodiscard]] pair_of_modes compare(mode first, mode second) const;

  std::map<mode, scores> scores_;
};

} // namespace avp
