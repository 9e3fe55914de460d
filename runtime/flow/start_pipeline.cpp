// Starting the actor and its agents.
#include "runtime/flow/start_pipeline.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include "gpu/thrown.hpp"
#include "runtime/flow/pipeline_state.hpp"

namespace avp {

namespace {

using pipeline_pointer = pipeline_actor::stateful_pointer<pipeline_state>;

pipeline_actor::behavior_type pipeline_behavior(pipeline_pointer self, const std::shared_ptr<pipeline_config>& config,
                                                const std::map<std::string, agent_actor>& agents) {
  end_by_what_is_thrown(self);
  self->set_down_handler([self](const caf::down_msg& message) { self->state.down(message); });
  self->state.start(std::move(*config), agents);
  return {
      [self](task_input& input) { return self->state.take(input); },
      [self](const when_broken&) { return self->state.watch(); },
      [self](const cancel_task& which) { self->state.cancel(which.place); },
  };
}

} // namespace

pipeline_actor start_pipeline(caf::actor_system& system, pipeline_config config) {
  std::map<std::string, agent_actor> agents;
  try {
    for (const auto& planned : config.plan.agents)
      agents[planned.name] = start_agent_of(system, config, planned);
  } catch (...) {
    for (const auto& [name, started] : agents)
      caf::anon_send_exit(started, caf::exit_reason::user_shutdown);
    throw;
  }
  return system.spawn(pipeline_behavior, std::make_shared<pipeline_config>(std::move(config)), agents);
}

} // namespace avp
