// Between what the rooms use and what goes over the control plane.
#include "runtime/node/node_messages.hpp"

#include "runtime/node/wire_check.hpp"

namespace avp {

hop_order order_of(const hop_input& input, std::uint64_t hop, std::uint64_t agent) {
  const auto& task = *input.task;
  hop_order order{.hop = hop, .agent = agent, .task = task.id};
  order.mode = task.mode;
  order.fields = task.fields;
  order.run_seed = task.run_seed;
  order.place = task.place;
  order.prefix_scope = task.prefix_scope;
  order.prompt = input.prompt->text();
  order.makes_text = input.makes_text;
  order.hands_on = input.hands_on;
  order.explains = input.explains;
  order.wants_words = static_cast<bool>(input.on_text);
  order.texts = input.texts;
  order.from = input.from;
  order.asked = input.asked;
  return order;
}

hop_input input_of(const hop_order& order) {
  auto made = std::make_shared<task>();
  made->id = order.task;
  made->mode = checked(order.mode);
  made->fields = order.fields;
  made->run_seed = order.run_seed;
  made->place = order.place;
  made->prefix_scope = order.prefix_scope;
  hop_input input;
  input.task = std::move(made);
  input.prompt = std::make_shared<prompt_template>(order.prompt);
  input.makes_text = order.makes_text;
  input.hands_on = order.hands_on;
  input.explains = order.explains;
  input.texts = order.texts;
  input.from = order.from;
  input.asked = order.asked;
  return input;
}

// The names are those that go over the wire: other versions of this program know a message by them.
void add_node_messages(caf::actor_system_config& config) {
  config.add_message_type<node_greeting>("avp::node_greeting")
      .add_message_type<node_welcome>("avp::node_welcome")
      .add_message_type<agent_order>("avp::agent_order")
      .add_message_type<hop_order>("avp::hop_order")
      .add_message_type<hop_report>("avp::hop_report")
      .add_message_type<words_report>("avp::words_report")
      .add_message_type<cancel_hop>("avp::cancel_hop")
      .add_message_type<drop_context>("avp::drop_context")
      .add_message_type<send_order>("avp::send_order")
      .add_message_type<send_report>("avp::send_report")
      .add_message_type<node_ping>("avp::node_ping")
      .add_message_type<node_heartbeat>("avp::node_pulse")
      .add_message_type<node_farewell>("avp::node_farewell")
      .add_message_type<status_request>("avp::status_request")
      .add_message_type<node_status>("avp::node_status");
}

} // namespace avp
