// The other nodes of a run, as node zero works with them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "agents/agent_actor.hpp"
#include "runtime/node/cluster_actor.hpp"
#include "runtime/node/cluster_counters.hpp"
#include "runtime/node/context_exchange.hpp"
#include "runtime/node/node_keys.hpp"
#include "runtime/node/node_messages.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/pipeline/plan.hpp"

namespace avp {

/// Connections to all nodes that the agents of a pipeline name, and the data plane of this process.
class cluster {
public:
  /// Opens the data plane. `plans` say which agents run; `counters` hear what the nodes do. The system is one of
  /// node_system_config with the same keys. Throws node_error.
  cluster(caf::actor_system& system, const pipeline& pipeline, const std::vector<plan>& plans,
          const std::optional<node_keys>& keys, std::shared_ptr<cluster_counters> counters);
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;
  ~cluster();

  /// Greets all nodes, which load their models, and waits for them. `devices` are those of this machine by their
  /// models. Throws node_error with a list of what is missing where.
  void prepare(const std::map<std::string, device_actor>& devices);

  /// The agent as the run actor is to see it: one whose hops go to its nodes, or one of this machine. `device` is what
  /// an agent of this machine asks. Throws what the agent's constructor throws.
  [[nodiscard]] agent_actor start_agent(const registry& kinds, const agent_spec& spec, const device_actor& device,
                                        const devices_by_model& sources);

  /// A context that nobody holds and that is made by its recipe where it is needed. Without a body where no node has
  /// its model.
  [[nodiscard]] payload from_recipe(const std::string& model, const std::shared_ptr<const recipe>& history) const;

  /// What holds the connections; a run can't go on without it.
  [[nodiscard]] const cluster_actor& actor() const { return actor_; }

  /// Waits until the nodes that are there have told what they did so far.
  void collect_counters();

private:
  caf::actor_system& system_;
  std::shared_ptr<context_exchange> exchange_;
  std::map<std::string, model_report> models_; // by name, as prepare() found them
  std::atomic<std::uint64_t> next_agent_ = 1;
  cluster_actor actor_;
};

/// Whether a pipeline's agents name any node.
[[nodiscard]] bool has_nodes(const pipeline& p);

} // namespace avp
