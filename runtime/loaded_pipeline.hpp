// A pipeline in a program of one's own: load its file, then ask it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "agents/registry.hpp"
#include "runtime/results/task_result.hpp"

namespace avp {

/// A pipeline with its models loaded. Any number of threads may ask it at a time: their tasks share the batch. Call
/// limit_spinning() (gpu/spin_limit.hpp) first in main().
class loaded_pipeline {
public:
  using word_receiver = std::function<void(std::string_view)>;

  /// Loads the file and its models, which takes seconds, and greets its nodes, where it names any. It runs in the first
  /// of its modes; its input and its score are left aside. `changes` are as avp-run's `--set`:
  /// "model.main.device=cuda:0". `kinds` are those that its agents may name. Throws user_error (gpu/user_error.hpp)
  /// with all mistakes of the file, each with its place, or with why a model or a node can't be used, and
  /// std::runtime_error with what an agent's constructor threw.
  explicit loaded_pipeline(const std::filesystem::path& file, const std::vector<std::string>& changes = {},
                           registry kinds = {});
  loaded_pipeline(const loaded_pipeline&) = delete;
  loaded_pipeline& operator=(const loaded_pipeline&) = delete;

  /// Ends the agents and the devices. No run() may be under way.
  ~loaded_pipeline();

  /// Puts a record, an object with the fields that the prompts name, through the pipeline and waits for its result. The
  /// task is named as avp-run names it: by the record's id, or else by a hash of it. What goes wrong is the result's
  /// error and error_code: a record that is none or lacks a field, an agent that failed, a device that died (then every
  /// later run() fails, too). `on_text` gets the answer as it comes, on a device's thread. When `stop` is asked to, the
  /// task is given up, and its error_code is `cancelled`.
  [[nodiscard]] task_result run(const nlohmann::ordered_json& record, const word_receiver& on_text = {},
                                const std::stop_token& stop = {}) const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace avp
