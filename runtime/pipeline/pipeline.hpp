// A pipeline: what its file says, checked, with defaults filled in.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agents/agent_spec.hpp"
#include "gpu/device_config.hpp"
#include "runtime/pipeline/flow.hpp"
#include "runtime/pipeline/sweep_spec.hpp"
#include "runtime/score/score.hpp"

namespace avp {

/// `[model.X]`.
struct model_entry : model_spec {
  std::string device = "cpu"; ///< cpu or cuda:N.
};

/// `[device.X]`.
struct device_entry {
  std::string name; ///< As models name it: cpu or cuda:N.
  std::optional<int> threads;
  std::optional<std::int64_t> kv_memory; ///< Bytes; the device's own choice unless set.
  bool prefix_sharing = true;
};

/// `[node.X]`: another machine, on which avp-node runs.
struct node_entry {
  std::string name;
  std::string control; ///< host:port of its control plane.
  std::string data;    ///< tcp://host:port of its data plane.
  bool zstd = false;   ///< Whether contexts to and from it are compressed.
};

/// What a run with several nodes keeps to.
struct node_rules {
  std::optional<std::filesystem::path> keys; ///< Folder with this machine's keys, as `avp-key cluster` makes it.
  bool unencrypted = false;                  ///< Whether other machines may be talked to without keys.
  double timeout = 5;                        ///< Seconds of silence after which a node counts as lost.
  double wait = 60;                          ///< Seconds that a hop waits for a node that can do it.
  std::string local_data; ///< tcp://host:port where this process receives contexts; chosen unless set.
};

/// What agents that run on this machine have for a node.
constexpr auto local_node = "local";

/// `[input]`, with what the command line says in its place.
struct input_spec {
  std::optional<std::filesystem::path> file; ///< Found from the working folder; `-` is standard input.
  std::optional<std::size_t> limit;          ///< At most so many records.
  std::optional<std::string> id;             ///< The field that names the task.
  std::optional<std::string> ask;            ///< The field that `--ask` fills.
  std::optional<std::size_t> records;        ///< How many the file has up to the limit, when it was looked through.
};

/// `[score]`.
struct score_spec {
  score_kind kind = score_kind::exact;
  std::string expected;               ///< Template over the record's fields.
  std::string setup;                  ///< The same, for what runs before the program of an answer (python only).
  std::chrono::seconds time_limit{5}; ///< Processor time of one program (python only).
  std::int64_t memory = std::int64_t{1} << 30; ///< What one program may have, in bytes (python only).
};

/// A pipeline as it is to be run.
struct pipeline {
  std::string name;
  std::uint64_t seed = 42;
  std::vector<avp::mode> modes{mode::latent}; ///< What to run, one after the other.
  avp::flow flow;
  std::vector<model_entry> models;
  std::vector<device_entry> devices;
  std::vector<node_entry> nodes;
  avp::node_rules node_rules;
  std::vector<agent_spec> agents; ///< In the order of the flow.
  input_spec input;
  std::optional<score_spec> score;
  std::optional<sweep_spec> sweep; ///< Then this is what at_size() makes the pipelines of its points from.
  std::string output;              ///< The answering agent.
  bool explains = false;           ///< Whether results tell what latent steps would have said.
  std::string source; ///< The file's text; where `--set` changed something, TOML of the whole with the changes.

  /// Whether its answers are programs, which are run to be scored.
  [[nodiscard]] bool scores_programs() const { return score && score->kind == score_kind::python; }

  /// The agent of that name; throws std::out_of_range where there is none.
  [[nodiscard]] const agent_spec& agent(std::string_view agent_name) const;

  /// The model of that name, or null.
  [[nodiscard]] const model_entry* model(std::string_view model_name) const;

  /// Whether contexts of one model can be continued by the other: two entries are the same model where the same device
  /// would load the same thing, whatever they are called. Agents without a model have no contexts.
  [[nodiscard]] bool same_model(std::string_view a, std::string_view b) const;

  /// The name of the first entry that is the same model as that one; the name itself where there is no such entry.
  [[nodiscard]] std::string first_of(std::string_view model_name) const;
};

/// Adds to names of models those of the models that guess for them.
void add_drafts(const pipeline& p, std::set<std::string>& models);

/// The names of the models that agents on this machine run on, and of those that guess for them. Of a pipeline with
/// mistakes, where an agent's model is unknown, it may be any that no agent names.
[[nodiscard]] std::set<std::string> models_here(const pipeline& p);

/// Names all modes, where modes are asked for.
constexpr std::string_view all_modes = "all";

/// The modes that `--mode` or `mode = ` asks for by name; "all" is latent, text and direct. Nothing for another name.
[[nodiscard]] std::optional<std::vector<avp::mode>> modes_named(std::string_view name);

} // namespace avp
