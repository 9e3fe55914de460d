// Everything that a run shows and writes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/results/comparison.hpp"
#include "runtime/results/output_directory.hpp"
#include "runtime/results/scaling.hpp"
#include "runtime/results/summary.hpp"
#include "runtime/run/progress.hpp"
#include "runtime/run/report_options.hpp"
#include "runtime/telemetry/cluster_totals.hpp"
#include "runtime/telemetry/device_monitor.hpp"

namespace avp {

/// Results to the folder, to stdout (lines for people, or JSON), progress to stderr, and the table at the end.
class reporter {
public:
  /// Throws write_error when the folder can't be made.
  reporter(report_options options, const pipeline& pipeline);

  /// Leaves run.json. Throws write_error.
  void add_facts(const nlohmann::ordered_json& facts);

  /// Counts a result of the time before this run went on.
  void add_earlier(const task_result& result);

  /// Prints the lines that stand in results.jsonl already, where JSON is printed. Throws write_error.
  void show_earlier();

  /// Says which mode comes, where several ones answer one question. Throws write_error.
  void begin(mode mode);

  /// Takes a result, and the line that it is in results.jsonl. Throws write_error.
  void add(const task_result& result, const std::string& line);

  /// Takes words of an answer that streams.
  void add_words(const std::string& words);

  /// Counts the wall time of a mode, and of the point of a sweep that it was run for.
  void add_seconds(mode mode, const std::optional<sweep_point>& point, double seconds);

  /// Shows that time goes by.
  void tick() { bar_.draw(); }

  /// Prints the table, what the devices did, and where the results are. Throws write_error.
  void print_totals(const std::vector<device_totals>& devices, const cluster_totals& nodes);

  /// The same, and leaves summary.json, for a sweep also scaling.json. Throws write_error.
  void finish(const std::vector<device_totals>& devices, const cluster_totals& nodes);

  /// The run's folder, where it leaves one.
  [[nodiscard]] std::optional<std::filesystem::path> folder() const;

  [[nodiscard]] const avp::summary& summary() const { return summary_; }

private:
  void write_totals(const std::vector<device_totals>& devices, const cluster_totals& nodes);
  void count(const task_result& result);
  void print_answer(const task_result& result);
  void print_line(const task_result& result);

  report_options options_;
  bool several_modes_;
  std::optional<output_directory> directory_;
  progress_bar bar_;
  avp::summary summary_;
  std::optional<scaling> scaling_;
  comparison comparison_;
  bool words_shown_ = false;
};

} // namespace avp
