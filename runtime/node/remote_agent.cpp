// Agents of a run with several nodes, as the run actor sees them.
#include "runtime/node/remote_agent.hpp"

#include <algorithm>
#include <chrono>

#include <caf/typed_event_based_actor.hpp>

#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"
#include "runtime/node/remote_context.hpp"

namespace avp {

namespace {

using promise = caf::typed_response_promise<hop_output>;

bool is_remote(const payload& context) { return remote_in(context) != nullptr; }

agent_actor::behavior_type remote_behavior(agent_actor::pointer self, const cluster_actor& cluster,
                                           const std::shared_ptr<const placed_agent>& agent) {
  end_by_what_is_thrown(self);
  return {[=](hop_input& input) {
    promise answer = self->make_response_promise<hop_output>();
    self->request(cluster, caf::infinite, place_hop{agent, std::move(input)})
        .then([answer](hop_output& output) mutable { answer.deliver(std::move(output)); },
              [answer](caf::error& error) mutable { answer.deliver(std::move(error)); });
    return answer;
  }};
}

// What a gathering agent gives to the agent that it stands before.
struct gathering_agent {
  agent_actor inner;
  cluster_actor cluster;
  device_actor device;
  std::string name;
  std::string model;
};

void forward(agent_actor::pointer self, const agent_actor& inner, hop_input input, const gathered_contexts& came,
             promise answer) {
  self->request(inner, caf::infinite, std::move(input))
      .then(
          [answer, wire_bytes = came.wire_bytes, fetch_ms = came.milliseconds()](hop_output& output) mutable {
            output.wire_bytes = std::move(wire_bytes);
            output.fetch_ms = fetch_ms;
            answer.deliver(std::move(output));
          },
          [answer](caf::error& error) mutable { answer.deliver(std::move(error)); });
}

agent_actor::behavior_type gathering_behavior(agent_actor::pointer self, const gathering_agent& at) {
  end_by_what_is_thrown(self);
  self->link_to(at.inner);
  return {[=](hop_input& input) {
    promise answer = self->make_response_promise<hop_output>();
    if (std::none_of(input.contexts.begin(), input.contexts.end(), is_remote)) {
      forward(self, at.inner, std::move(input), {}, answer);
      return answer;
    }
    gather_here wanted{input.contexts, {at.device, at.model, input.task->place, at.name, input.cancelled}};
    self->request(at.cluster, caf::infinite, std::move(wanted))
        .then(
            [=](gathered_contexts& came) mutable {
              if (came.why_not) {
                answer.deliver(make_error(*came.why_not));
                return;
              }
              auto local = input;
              local.contexts = std::move(came.contexts);
              forward(self, at.inner, std::move(local), came, answer);
            },
            [answer](caf::error& error) mutable { answer.deliver(std::move(error)); });
    return answer;
  }};
}

} // namespace

agent_actor start_remote_agent(caf::actor_system& system, const cluster_actor& cluster, const agent_spec& spec,
                               std::uint64_t number) {
  const auto agent = std::make_shared<const placed_agent>(placed_agent{number, spec});
  return system.spawn(remote_behavior, cluster, agent);
}

agent_actor start_gathering_agent(caf::actor_system& system, const cluster_actor& cluster, const agent_spec& spec,
                                  const agent_actor& inner, const device_actor& device) {
  return system.spawn(gathering_behavior, gathering_agent{inner, cluster, device, spec.name, spec.model});
}

} // namespace avp
