// What a sweep found: its points, the curves through them, and what there is to say about it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/results/scaling_fit.hpp"
#include "runtime/results/task_result.hpp"

namespace avp {

/// Collects the results of a sweep.
class scaling {
public:
  /// `p` has a sweep and outlives this.
  explicit scaling(const pipeline& p) : pipeline_(p) {}

  /// Takes a result of some point.
  void add(const task_result& result);

  /// Wall time of a point, in seconds.
  void add_seconds(const sweep_point& point, double seconds) { seconds_[point] += seconds; }

  /// The table, one point a line; sums over tasks and agents.
  [[nodiscard]] std::string table() const;

  /// One sentence for each quantity: how it grows in each series. One that says so where nothing can be fitted.
  [[nodiscard]] std::vector<std::string> sentences() const;

  /// scaling.json.
  [[nodiscard]] nlohmann::ordered_json json() const;

private:
  struct entry {
    bool ok = false;
    std::optional<double> score;
    avp::counts counts;
    std::vector<double> costs; // in the order of the known quantities
  };
  using tasks_of_point = std::map<std::string, entry>;

  [[nodiscard]] std::vector<sweep_point> points() const;
  [[nodiscard]] const tasks_of_point& at(const sweep_point& point) const;
  [[nodiscard]] bool complete(const std::string& task) const;
  [[nodiscard]] std::vector<std::string> complete_tasks() const;
  [[nodiscard]] std::vector<std::size_t> quantities() const;
  [[nodiscard]] std::vector<scaling_fit> fits() const;
  [[nodiscard]] std::vector<std::string> row(const sweep_point& point) const;

  const pipeline& pipeline_;
  std::map<sweep_point, tasks_of_point> points_;
  std::map<sweep_point, double> seconds_;
  std::set<std::string> tasks_; // sorted, so that the bootstrap draws the same ones in every run
};

} // namespace avp
