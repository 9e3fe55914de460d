// Everything that a run shows and writes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <avp/runtime/pipeline/pipeline.hpp>
#include <avp/runtime/results/comparison.hpp>
#include <avp/runtime/results/output_directory.hpp>
#include <avp/runtime/results/scaling.hpp>
#include <avp/runtime/results/summary.hpp>
#include <avp/runtime/run/command_line.hpp>
#include <avp/runtime/run/progress.hpp>
#include <avp/runtime/telemetry/cluster_totals.hpp>
#include <avp/runtime/telemetry/device_monitor.hpp>

namespace avp {

/// Results to the folder, to stdout (lines for people, or JSON), progress to stderr, and the table at the end.
class reporter {
public:
  /// Throws write_error when the folder can't be made.
  reporter(const command_line& line, const pipeline& pipeline);

  /// Leaves run.json. Throws write_error.
  void add_facts(const nlohmann::ordered_json& facts);

  /// Counts a result of the time before this run went on.
  void add_earlier(const task_result& result);

  /// Says which mode comes, where several ones answer one question. Throws write_error.
  void begin(mode mode);

  /// Takes a result. Throws write_error.
  void add(const task_result& result);

  /// Takes words of an answer that streams.
  void add_words(const std::string& words);

  /// Counts the wall time of a mode, and of the point of a sweep that it was run for.
  void add_seconds(mode mode, const std::optional<sweep_point>& point, double seconds);

  /// Shows that time goes by.
  void tick() { bar_.draw(); }

  /// Prints the table, what the devices did, and where the results are.
  void print_totals(const std::vector<device_totals>& devices, const cluster_totals& nodes);

  /// The same, and leaves summary.json, for a sweep also scaling.json. Throws write_error.
  void finish(const std::vector<device_totals>& devices, const cluster_totals& nodes);

  /// The run's folder, where it leaves one.
  [[nodiscard]] std::optional<std::filesystem::path> folder() const;

  [[nodiscard]] const avp::summary& summary() const { return summary_; }

private:
  void count(const task_result& result);
  void print_answer(const task_result& result);
  void print_line(const task_result& result);

  const command_line& line_;
  bool several_modes_;
  std::optional<output_directory> directory_;
  progress_bar bar_;
  avp::summary summary_;
  std::optional<scaling> scaling_;
  comparison comparison_;
  bool words_shown_ = false;
};

} // namespace avp
