// The models that clients can ask: pipelines on one set of devices.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "runtime/flow/pipeline_actor.hpp"
#include "runtime/node/cluster.hpp"
#include "runtime/run/run_devices.hpp"
#include "runtime/serve/served_pipeline.hpp"

namespace avp {

/// One of them.
struct served_model {
  served_pipeline pipeline;
  std::int64_t created = 0; ///< When it was loaded, in seconds since 1970.
  std::map<avp::mode, pipeline_actor> asked;
};

/// Owns devices, nodes and the actors of the pipelines. Once it is made it may be read from any thread.
class served_models {
public:
  /// Loads the models, which takes seconds, greets the nodes of a pipeline that has some, and starts the pipelines.
  /// `kinds` outlives it. Throws user_error with why that can't be, and std::runtime_error with what an agent's
  /// constructor threw.
  served_models(caf::actor_system& system, std::vector<served_pipeline> pipelines, const registry& kinds,
                const std::optional<node_keys>& keys);
  served_models(const served_models&) = delete;
  served_models& operator=(const served_models&) = delete;

  /// Ends pipelines, nodes and devices; tasks that run fail.
  ~served_models();

  [[nodiscard]] const std::vector<served_model>& all() const { return models_; }

  /// The model of that id; where `id` is empty and there is but one, that one. Throws request_refused with the ids that
  /// there are.
  [[nodiscard]] const served_model& find(const std::string& id) const;

  /// As run_devices::metrics_source().
  [[nodiscard]] std::function<std::string()> metrics_source() const { return devices_.metrics_source(); }

private:
  void start(served_pipeline served, const registry& kinds);
  void end();

  caf::actor_system& system_;
  std::vector<served_model> models_;
  run_devices devices_;
  std::unique_ptr<cluster> nodes_; // where there are any
};

/// The pipeline that has nodes; where none has, the first. Throws user_error where several have.
[[nodiscard]] const pipeline& pipeline_with_nodes(const std::vector<served_pipeline>& pipelines);

} // namespace avp
