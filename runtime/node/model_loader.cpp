// Loading models beside an actor that has to answer meanwhile.
#include "runtime/node/model_loader.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "gpu/thrown.hpp"

namespace avp {

model_loader start_model_loader(caf::actor_system& system, node_models& models) {
  return system.spawn<caf::detached>([&models](model_loader::pointer self) -> model_loader::behavior_type {
    end_by_what_is_thrown(self);
    return {[&models](const load_models& asked) { return models.load(asked.wanted); }};
  });
}

} // namespace avp
