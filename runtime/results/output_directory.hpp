// The folder that a run leaves behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/os/write_error.hpp"

namespace avp {

/// Holds `results.jsonl`, a copy of the pipeline file, `pipeline.toml`, what was run, `run.json`, and at the end the
/// totals, `summary.json`. Every line is with the operating system when add() returns, so nothing is lost when the
/// process dies.
class output_directory {
public:
  /// Throws write_error when the folder already holds results: to be asked before a model is loaded for nothing.
  static void check(const std::filesystem::path& folder);

  /// Makes the folder. Throws write_error, also when it already holds results: a run never overwrites another's.
  output_directory(const std::filesystem::path& folder, const std::string& pipeline_text);

  /// Goes on in a folder of results. Throws write_error.
  explicit output_directory(const std::filesystem::path& folder);
  output_directory(const output_directory&) = delete;
  output_directory& operator=(const output_directory&) = delete;
  ~output_directory();

  /// The lines of a folder's results; the last one may be torn. None where the file is not there.
  [[nodiscard]] static std::vector<std::string> lines(const std::filesystem::path& folder);

  /// Puts other lines in place of the results of a folder, all or nothing. Throws write_error.
  static void replace(const std::filesystem::path& folder, const std::vector<std::string>& lines);

  /// Appends one line, a result as to_json_line() gives it. Throws write_error; what was written before stays whole.
  void add(const std::string& line);

  /// Writes what was run, `run.json`. Throws write_error.
  void write_facts(const nlohmann::ordered_json& facts) const;

  /// Writes the totals. Throws write_error.
  void write_summary(const nlohmann::ordered_json& totals) const;

  /// Writes what a sweep found, scaling.json. Throws write_error.
  void write_scaling(const nlohmann::ordered_json& found) const;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

private:
  std::filesystem::path folder_;
  std::filesystem::path file_;
  int descriptor_ = -1;
};

} // namespace avp
