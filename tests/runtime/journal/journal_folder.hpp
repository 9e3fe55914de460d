// A folder with the journal of a run, for tests.
#pragma once

#include <string>

#include "runtime/journal/journal_database.hpp"
#include "tests/temporary_folder.hpp"

namespace avp::test {

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
