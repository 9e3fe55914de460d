// Starts the actor of a node.
#include "runtime/node/start_node.hpp"

#include <caf/stateful_actor.hpp>

#include "gpu/thrown.hpp"
#include "runtime/node/node_state.hpp"

namespace avp {

namespace {

node_host::behavior_type node_behavior(node_host::stateful_pointer<node_state> self, const node_parts& parts) {
  end_by_what_is_thrown(self);
  auto& state = self->state;
  self->set_down_handler([self](const caf::down_msg& message) { self->state.down(message); });
  state.start(parts);
  return {
      [&state](const node_greeting& greeting) { return state.greet(greeting); },
      [&state](const agent_order& order) { state.take_agent(order); },
      [&state](const hop_order& order) { state.take_hop(order); },
      [&state](const cancel_hop& cancelled) { state.cancel(cancelled.hop); },
      [&state](const drop_context& dropped) { state.drop(dropped.hop); },
      [&state](send_order& order) { return state.send_context(order); },
      [&state](const node_ping& ping) { return state.answer(ping); },
      [&state](const status_request&) { return state.status(); },
      [&state](const leave_node&) { state.leave(); },
      [&state](const ask_holder& asked) { return state.ask(asked); },
  };
}

} // namespace

node_host start_node(caf::actor_system& system, const node_parts& parts) { return system.spawn(node_behavior, parts); }

} // namespace avp
