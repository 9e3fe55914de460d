// The table at the end of a run: modes side by side.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/results/task_result.hpp"

namespace avp {

/// Adds up results by mode.
class summary {
public:
  void add(const task_result& result);

  /// Wall time of a mode, in seconds.
  void add_seconds(mode mode, double seconds) { rows_[mode].seconds += seconds; }

  /// Wall time of all modes, in seconds.
  [[nodiscard]] double seconds() const;

  [[nodiscard]] std::int64_t failed() const;
  [[nodiscard]] std::int64_t done() const;

  /// The table, one mode a line: tasks, failed, score, tokens (prompt + latent steps + output, summed over agents),
  /// seconds, and where text mode ran beside others saving of tokens and speed-up against it; under it by which ways
  /// thoughts went from model to model, and how many hops had thoughts that degenerate. Empty when nothing ran.
  [[nodiscard]] std::string table() const;

  /// The same numbers for summary.json: a list with an object for each mode. `score` is the mean, null where nothing
  /// was scored.
  [[nodiscard]] nlohmann::ordered_json json() const;

private:
  struct totals {
    std::int64_t tasks = 0;
    std::int64_t failed = 0;
    std::int64_t scored = 0;
    double score = 0;
    avp::counts counts;
    std::map<thought_warning, std::int64_t> warnings; ///< Hops with each.
    double seconds = 0;
    std::int64_t texts = 0;     // that agents on other models got in place of thoughts
    std::int64_t projected = 0; // thoughts that they got
    double dropped_mass = 0, entropy = 0;

    [[nodiscard]] std::int64_t tokens() const {
      return counts.prompt_tokens + counts.latent_steps + counts.output_tokens;
    }
  };

  /// Whether there is another mode to compare with text mode.
  [[nodiscard]] bool compares() const;

  void add(totals& row, const received_thought& one);
  [[nodiscard]] std::vector<std::string> cells(mode mode, const totals& row) const;
  [[nodiscard]] std::string between_models() const;
  [[nodiscard]] std::string warnings() const;

  std::map<mode, totals> rows_;
};

} // namespace avp
