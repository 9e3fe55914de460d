// Going on with a run that stopped: what its folder says, and what has to agree.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "agents/registry.hpp"
#include "gpu/device_actor.hpp"
#include "gpu/user_error.hpp"
#include "runtime/journal/journal_database.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "runtime/run/input_source.hpp"
#include "runtime/run/run_origin.hpp"

namespace avp {

/// A run that can't go on; the text says why and what to do.
class resume_error : public user_error {
public:
  using user_error::user_error;
};

/// The command that goes on with the run in a folder.
[[nodiscard]] std::string resume_command(const std::filesystem::path& folder);

/// The line that tells it.
[[nodiscard]] std::string how_to_go_on(const std::filesystem::path& folder);

/// What the journal keeps of how a run is begun.
[[nodiscard]] saved_run describe_run(const run_origin& origin, const pipeline& pipeline);

/// A run that stopped and is to go on. Keeps other runs out of its folder.
class resumption {
public:
  /// Opens the journal in the folder. Throws resume_error.
  explicit resumption(const std::filesystem::path& folder);

  /// How the run began.
  [[nodiscard]] const saved_run& begun() const { return run_; }

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
