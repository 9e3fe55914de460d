// What a run's journal keeps, entry by entry.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/pipeline/input.hpp"
#include "runtime/results/ended_hop.hpp"
#include "runtime/results/task_result.hpp"

namespace avp {

/// How a run was begun: enough to begin it again in the same way.
struct saved_run {
  std::string version;                ///< Of the avp-run that began it.
  std::string began;                  ///< UTC, `2026-01-31 12:00:00`.
  std::string pipeline;               ///< The file's text, with what `--set` changed in it.
  std::filesystem::path file;         ///< Whole path of the pipeline file: paths in it are relative to its folder.
  std::vector<mode> modes;            ///< In the order in which they run.
  std::uint64_t seed = 0;             ///< The pipeline's.
  std::optional<std::string> input;   ///< Whole path of the input file, or `-`; none where a question was asked.
  std::string input_digest;           ///< Of the file's records, as input_digest() gives it; empty without a file.
  std::optional<std::size_t> limit;   ///< At most so many records.
  std::optional<std::string> ask;     ///< The question in place of an input.
  std::vector<std::string> changes;   ///< The `--set` options, which `pipeline` holds already.
  std::vector<std::string> plugins;   ///< Whole paths.
  std::size_t concurrency = 1;        ///< Tasks in flight.
  std::optional<std::size_t> records; ///< How many the input has; none while standard input has not ended.
  std::vector<std::string> templates; ///< "main 9f86…": SHA-256 of the file with that model's chat template.
};

/// A record, or a line that is none, that was read.
struct saved_record {
  std::size_t number = 0; ///< From 0, in the order of the input.
  input_item item;
};

/// To a journal: the input had so many records.
struct input_end {
  std::size_t records = 0;
};

/// A hop that ended.
struct saved_hop : ended_hop {
  std::string task;
  std::string stage; ///< The part of the run that it belongs to, as variant_text() calls it: "latent".
};

/// A task that ended in a stage of the run.
struct saved_result {
  std::string task;
  std::string stage;
  std::string line;   ///< As in results.jsonl, without the line break.
  double seconds = 0; ///< Wall time that the stage had taken by then.
};

/// One thing to keep.
using journal_entry = std::variant<saved_record, input_end, saved_hop, saved_result>;

} // namespace avp
