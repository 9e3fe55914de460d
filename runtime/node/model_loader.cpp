// Loading models beside an actor that has to answer meanwhile.
#include <caf/typed_event_based_actor.hpp>

#include <avp/runtime/node/model_loader.hpp>

namespace avp {

model_loader start_model_loader(caf::actor_system& system, node_models& models) {
  return system.spawn<caf::detached>([&models]() -> model_loader::behavior_type {
    return {[&models](const load_models& asked) { return models.load(asked.wanted); }};
  });
}

} // namespace avp
