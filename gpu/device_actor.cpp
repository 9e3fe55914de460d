// The device actor: the engine behind a mailbox.
#include "gpu/device_actor.hpp"

#include <future>

#include <ATen/Parallel.h>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "gpu/device_error.hpp"
#include "gpu/engine/engine.hpp"
#include "gpu/thrown.hpp"

namespace avp {

namespace {

// Tells the actor to go on computing. It comes back through the mailbox so that new requests and cancellations get in
// between passes.
using step_atom = caf::atom_constant<caf::atom("step")>;

using device_interface = device_actor::extend<caf::reacts_to<step_atom>>;

struct device_state {
  std::unique_ptr<avp::engine> engine;
  bool stepping = false;
  static inline const char* name = "device";
};

using device_pointer = device_interface::stateful_pointer<device_state>;

template <class Work>
caf::typed_response_promise<result> submit(device_pointer self, Work& work) {
  auto promise = self->make_response_promise<result>();
  self->state.engine->submit(std::move(work), [promise](engine::outcome outcome) mutable {
    if (auto* answer = std::get_if<result>(&outcome))
      promise.deliver(std::move(*answer));
    else
      promise.deliver(std::move(std::get<caf::error>(outcome)));
  });
  if (!std::exchange(self->state.stepping, true))
    self->send(self, step_atom::value);
  return promise;
}

device_interface::behavior_type device_behavior(device_pointer self, std::shared_ptr<std::unique_ptr<engine>> engine,
                                                std::optional<int> threads) {
  end_by_what_is_thrown(self);
  self->state.engine = std::move(*engine);
  if (threads)
    at::set_num_threads(*threads); // a property of this thread
  return {
      [=](think& work) { return submit(self, work); },
      [=](generate& work) { return submit(self, work); },
      [=](join& work) { return submit(self, work); },
      [=](rebuild& work) { return submit(self, work); },
      [=](adopt& work) { return submit(self, work); },
      [=](score_next& work) { return submit(self, work); },
      [=](project& work) { return submit(self, work); },
      [=](const cancel& which) { self->state.engine->cancel(which.id); },
      [=](step_atom) {
        self->state.stepping = self->state.engine->step();
        if (self->state.stepping)
          self->send(self, step_atom::value);
      },
  };
}

} // namespace

// Loading has a thread of its own, which ends with it: each thread that computes in parallel has a pool of workers, and
// where there are more of them than cores, libgomp's workers sleep between any two operations.
device_actor start_device(caf::actor_system& system, const device_config& config) {
  auto loading = std::async(std::launch::async, [&config] {
    if (config.threads)
      at::set_num_threads(*config.threads);
    return std::make_unique<engine>(config);
  });
  auto loaded = std::make_shared<std::unique_ptr<engine>>(loading.get());
  return system.spawn<caf::detached>(device_behavior, loaded, config.threads);
}

} // namespace avp
