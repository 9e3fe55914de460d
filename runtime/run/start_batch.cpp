// Starting a batch.
#include "runtime/run/start_batch.hpp"

#include <caf/stateful_actor.hpp>

#include "gpu/thrown.hpp"
#include "runtime/run/batch_state.hpp"

namespace avp {

namespace {

batch_interface::behavior_type batch_behavior(batch_interface::stateful_pointer<batch_state> self,
                                              const std::shared_ptr<batch_config>& config) {
  end_by_what_is_thrown(self);
  self->set_down_handler([self](const caf::down_msg& message) { self->state.down(message); });
  self->state.start(std::move(*config));
  return {
      [self](const stop_batch&) { self->state.stop(); },
      [self](new_item& next) { self->state.take(next.item); },
      [self](const hop_of_task& ended) { self->state.keep(ended); },
      [self](scored_result& scored) { self->state.take_score(scored); },
  };
}

} // namespace

batch_actor start_batch(caf::actor_system& system, batch_config config) {
  return system.spawn(batch_behavior, std::make_shared<batch_config>(std::move(config)));
}

} // namespace avp
