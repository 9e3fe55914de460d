// Going on with a run that stopped: what its folder says, and what has to agree.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include <avp/agents/registry.hpp>
#include <avp/gpu/device_actor.hpp>
#include <avp/runtime/journal/journal_database.hpp>
#include <avp/runtime/pipeline/pipeline_file.hpp>
#include <avp/runtime/run/command_line.hpp>
#include <avp/runtime/run/input_source.hpp>

namespace avp {

/// A run that can't go on; the text says why and what to do.
class resume_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The command that goes on with the run in a folder.
[[nodiscard]] std::string resume_command(const std::filesystem::path& folder);

/// What the journal keeps of how a run is begun.
[[nodiscard]] saved_run describe_run(const command_line& line, const pipeline& pipeline);

/// A run that stopped and is to go on. Keeps other runs out of its folder.
class resumption {
public:
  /// Opens the journal in the folder. Throws resume_error.
  explicit resumption(const std::filesystem::path& folder);

  /// The arguments with which the run began, and what may be given anew.
  [[nodiscard]] command_line arguments(const command_line& now) const;

  /// The pipeline as it was run.
  [[nodiscard]] load_result load(const std::vector<kind_info>& kinds) const;

  /// Compares the input with what was read of it, and says where it comes from. `read_stdin`: standard input is given
  /// once more. Throws resume_error.
  void check_input(const pipeline& pipeline, input_source& input, bool read_stdin);

  /// Compares the models with those of the contexts in the journal. Throws resume_error.
  void check_models(caf::actor_system& system, const pipeline& pipeline,
                    const std::map<std::string, device_actor>& devices);

  /// Reads what is done. What only results.jsonl or only the journal has is put into the other one, and a torn line is
  /// taken away. Throws resume_error.
  void restore();

  // After restore():

  [[nodiscard]] const std::vector<task_result>& results() const { return results_; }

  // A stage is named as variant_text() does.

  /// The tasks that have a result in a stage.
  [[nodiscard]] std::set<std::string> finished(const std::string& stage) const;

  /// The wall time that a stage took so far, in seconds.
  [[nodiscard]] double seconds(const std::string& stage) const;

  /// Whether every task has a result in each of so many stages: of the whole input, or of what was read of standard
  /// input where that is not given once more.
  [[nodiscard]] bool is_complete(std::size_t stages, bool read_stdin) const;

  /// Finished hops of unfinished tasks, by task and in the order in which they ended; gives them away.
  [[nodiscard]] journal_database::hops_by_task take_open_hops(const std::string& stage) {
    return std::move(open_hops_[stage]);
  }

  /// Gives the journal away, to be written on.
  [[nodiscard]] journal_database take_database() { return std::move(database_); }

private:
  std::filesystem::path folder_;
  journal_database database_;
  saved_run run_;
  std::vector<input_item> records_;
  std::vector<task_result> results_;
  std::map<std::string, double> seconds_;
  std::map<std::string, journal_database::hops_by_task> open_hops_;
};

} // namespace avp
