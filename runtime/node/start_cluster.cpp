// Starts the actor of node zero that talks to the other nodes.
#include "runtime/node/start_cluster.hpp"

#include <memory>
#include <utility>

#include <caf/stateful_actor.hpp>

#include "gpu/thrown.hpp"
#include "runtime/node/cluster_state.hpp"

namespace avp {

namespace {

// A state is made before its actor's arguments are there.
struct cluster_holder {
  std::unique_ptr<cluster_state> state;
  static inline const char* name = "cluster";
};

cluster_host::behavior_type cluster_behavior(cluster_host::stateful_pointer<cluster_holder> self,
                                             const std::shared_ptr<cluster_parts>& parts) {
  end_by_what_is_thrown(self);
  self->state.state = std::make_unique<cluster_state>(self, std::move(*parts));
  return self->state.state->behavior();
}

} // namespace

cluster_actor start_cluster(caf::actor_system& system, cluster_parts parts) {
  return system.spawn(cluster_behavior, std::make_shared<cluster_parts>(std::move(parts)));
}

} // namespace avp
