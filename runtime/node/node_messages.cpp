// Between what the rooms use and what goes over the control plane.
#include <stdexcept>

#include <avp/runtime/node/node_messages.hpp>

namespace avp {

namespace {

template <class T>
caf::optional<T> to_wire(const std::optional<T>& value) {
  return value ? caf::optional<T>(*value) : caf::none;
}

template <class T>
std::optional<T> from_wire(const caf::optional<T>& value) {
  return value ? std::optional<T>(*value) : std::nullopt;
}

// An enum of which `last` is the last value. A peer may send anything.
template <class Enum>
Enum checked(std::uint8_t value, Enum last) {
  if (value > static_cast<std::uint8_t>(last))
    throw std::runtime_error("a message of another node has the value " + std::to_string(value) +
                             " where there is none so large; do both run the same version?");
  return static_cast<Enum>(value);
}

} // namespace

model_order order_of(const model_spec& model, const std::string& device) {
  model_order order{.name = model.name, .source = model.source, .device = device};
  if (model.format)
    order.format = static_cast<std::uint8_t>(*model.format);
  if (model.kv_dtype)
    order.kv_dtype = static_cast<std::uint8_t>(*model.kv_dtype);
  order.layercast = model.layercast;
  order.chat_template = model.chat_template;
  order.model_hash = model.model_hash;
  return order;
}

model_spec spec_of(const model_order& order) {
  model_spec spec;
  spec.name = order.name;
  spec.source = order.source;
  if (order.format)
    spec.format = checked(*order.format, weight_format::int4);
  if (order.kv_dtype)
    spec.kv_dtype = checked(*order.kv_dtype, data_type::int8);
  spec.layercast = order.layercast;
  spec.chat_template = order.chat_template;
  spec.model_hash = order.model_hash;
  return spec;
}

agent_order order_of(const agent_spec& agent, std::uint64_t number) {
  agent_order order{.agent = number, .name = agent.name, .kind = agent.kind, .model = agent.model};
  order.system = agent.system;
  order.prompt = agent.prompt;
  order.text_prompt = to_wire(agent.text_prompt);
  order.direct_prompt = to_wire(agent.direct_prompt);
  order.steps = agent.steps;
  order.max_new_tokens = agent.max_new_tokens;
  order.temperature = agent.sampling.temperature;
  order.top_p = agent.sampling.top_p;
  order.top_k = agent.sampling.top_k;
  order.min_p = agent.sampling.min_p;
  order.repetition_penalty = agent.sampling.repetition_penalty;
  order.stop = agent.stop;
  order.seed = to_wire(agent.seed);
  order.time_limit = to_wire(agent.time_limit);
  order.merge = static_cast<std::uint8_t>(agent.merge);
  order.keep = static_cast<std::uint8_t>(agent.keep);
  order.rotate_keys = agent.rotate_keys;
  order.options = agent.options.dump();
  return order;
}

agent_spec spec_of(const agent_order& order) {
  agent_spec spec;
  spec.name = order.name;
  spec.kind = order.kind;
  spec.model = order.model;
  spec.system = order.system;
  spec.prompt = order.prompt;
  spec.text_prompt = from_wire(order.text_prompt);
  spec.direct_prompt = from_wire(order.direct_prompt);
  spec.steps = order.steps;
  spec.max_new_tokens = order.max_new_tokens;
  spec.sampling = {order.temperature, order.top_p, order.top_k, order.min_p, order.repetition_penalty};
  spec.stop = order.stop;
  spec.seed = from_wire(order.seed);
  spec.time_limit = from_wire(order.time_limit);
  spec.merge = checked(order.merge, join_way::sequence);
  spec.keep = checked(order.keep, keep::latent_only);
  spec.rotate_keys = order.rotate_keys;
  spec.options = nlohmann::json::parse(order.options);
  return spec;
}

hop_order order_of(const hop_input& input, std::uint64_t hop, std::uint64_t agent) {
  const auto& task = *input.task;
  hop_order order{.hop = hop, .agent = agent, .task = task.id};
  order.mode = static_cast<std::uint8_t>(task.mode);
  order.fields = task.fields;
  order.run_seed = task.run_seed;
  order.place = task.place;
  order.prefix_scope = to_wire(task.prefix_scope);
  order.prompt = input.prompt->text();
  order.makes_text = input.makes_text;
  order.hands_on = input.hands_on;
  order.wants_words = static_cast<bool>(input.on_text);
  order.texts = input.texts;
  order.from = input.from;
  return order;
}

hop_input input_of(const hop_order& order) {
  auto made = std::make_shared<task>();
  made->id = order.task;
  made->mode = checked(order.mode, mode::direct);
  made->fields = order.fields;
  made->run_seed = order.run_seed;
  made->place = order.place;
  made->prefix_scope = from_wire(order.prefix_scope);
  hop_input input;
  input.task = std::move(made);
  input.prompt = std::make_shared<prompt_template>(order.prompt);
  input.makes_text = order.makes_text;
  input.hands_on = order.hands_on;
  input.texts = order.texts;
  input.from = order.from;
  return input;
}

void add_node_messages(caf::actor_system_config& config) {
  config.add_message_type<node_greeting>("avp::node_greeting")
      .add_message_type<node_welcome>("avp::node_welcome")
      .add_message_type<agent_order>("avp::agent_order")
      .add_message_type<hop_order>("avp::hop_order")
      .add_message_type<hop_report>("avp::hop_report")
      .add_message_type<words_report>("avp::words_report")
      .add_message_type<drop_context>("avp::drop_context")
      .add_message_type<send_order>("avp::send_order")
      .add_message_type<send_report>("avp::send_report")
      .add_message_type<node_ping>("avp::node_ping")
      .add_message_type<node_pulse>("avp::node_pulse")
      .add_message_type<node_farewell>("avp::node_farewell")
      .add_message_type<status_request>("avp::status_request")
      .add_message_type<node_status>("avp::node_status");
}

} // namespace avp
