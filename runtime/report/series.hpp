// What one mode of one run came to: a column of the report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/report/recorded_run.hpp"
#include "runtime/results/paired_statistics.hpp"

namespace avp {

/// One agent's part in all tasks of a series.
struct agent_tally {
  std::string name;
  std::string kind;
  std::int64_t hops = 0;
  avp::counts counts;
  avp::handed_over handed_over;
  double ms = 0;

  /// Mean per hop; 0 without hops.
  [[nodiscard]] double per_hop(double total) const { return hops > 0 ? total / static_cast<double>(hops) : 0; }
};

/// All tasks of one mode of one run.
struct series {
  std::string label;   ///< The mode; with several runs the run's label too.
  std::size_t run = 0; ///< Its place among the runs of the report.
  avp::mode mode = mode::latent;
  std::int64_t tasks = 0;
  std::int64_t failed = 0;
  std::int64_t scored = 0;
  std::int64_t right = 0; ///< Scores of 1.
  double score = 0;       ///< Their sum.
  avp::counts counts;
  avp::handed_over handed_over;
  std::optional<double> seconds;      ///< Wall time, where summary.json tells it.
  std::optional<interval> told_range; ///< Of the mean score, where summary.json tells it for these tasks.
  std::vector<agent_tally> agents;

  /// Prompt, latent steps and output.
  [[nodiscard]] std::int64_t tokens() const {
    return counts.prompt_tokens + counts.latent_steps + counts.output_tokens;
  }
  /// Nothing where nothing was scored.
  [[nodiscard]] std::optional<double> mean_score() const {
    return scored > 0 ? std::optional(score / static_cast<double>(scored)) : std::nullopt;
  }
  /// Of mean_score(), at 95 %.
  [[nodiscard]] interval score_interval() const {
    return told_range.value_or(wilson_interval(mean_score().value_or(0) * static_cast<double>(scored), scored));
  }
};

/// The series of all runs: run by run, the modes in the order latent, text, direct. Agents are in the order of the
/// plan, or else of their first end.
[[nodiscard]] std::vector<series> series_of(const std::vector<recorded_run>& runs);

} // namespace avp
