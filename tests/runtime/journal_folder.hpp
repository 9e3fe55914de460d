// A folder with the journal of a run, for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <avp/runtime/journal/journal_database.hpp>

namespace avp::test {

/// A folder that goes with the object.
class temporary_folder {
public:
  temporary_folder()
      : path_(std::filesystem::temp_directory_path() / ("avp-journal-" + std::to_string(std::random_device()()))) {
    std::filesystem::create_directories(path_);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

private:
  std::filesystem::path path_;
};

/// A run of all modes that reads questions.jsonl.
inline saved_run run_of_all_modes() {
  saved_run run;
  run.version = "0.0.0";
  run.began = "2026-01-31 12:00:00";
  run.pipeline = "flow = [\"a\"]\n";
  run.file = "/somewhere/pipeline.toml";
  run.modes = {mode::latent, mode::text, mode::direct};
  run.seed = 0xFFFF'FFFF'FFFF'FFFFU;
  run.input = "/somewhere/questions.jsonl";
  run.input_digest = "0123";
  run.concurrency = 7;
  return run;
}

/// A result with its line.
inline saved_result result_of(const std::string& task, mode mode, const std::string& text = "answer") {
  task_result result;
  result.task = task;
  result.mode = mode;
  result.text = text;
  return {task, variant_text(mode, {}), to_json_line(result), 1.5};
}

} // namespace avp::test
