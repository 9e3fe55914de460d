// The other nodes of a run, as node zero works with them.
#include "runtime/node/cluster.hpp"

#include <set>

#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include "gpu/cache/recipe_layout.hpp"
#include "gpu/device_error.hpp"
#include "runtime/node/model_probe.hpp"
#include "runtime/node/node_system.hpp"
#include "runtime/node/remote_agent.hpp"
#include "runtime/node/remote_context.hpp"
#include "runtime/node/start_cluster.hpp"
#include "runtime/pipeline/node_tables.hpp"

namespace avp {

namespace {

// The nodes that agents of some plan name.
std::set<std::string> nodes_used(const pipeline& p, const std::vector<plan>& plans) {
  std::set<std::string> used;
  for (const auto& planned : plans)
    for (const auto& agent : planned.agents)
      used.insert(p.agent(agent.name).nodes.begin(), p.agent(agent.name).nodes.end());
  return used;
}

tcp_address control_of(const node_entry& node) { return parse_tcp_address(node.control, address_use::connect).value(); }

bool all_loopback(const std::vector<node_entry>& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [](const node_entry& node) { return is_loopback(control_of(node)); });
}

exchange_options options_of(const pipeline& p, const std::optional<node_keys>& keys) {
  const auto& rules = p.node_rules;
  exchange_options options;
  options.name = local_node;
  options.endpoint = !rules.local_data.empty() ? rules.local_data
                     : all_loopback(p.nodes)   ? "tcp://127.0.0.1:*"
                                               : "tcp://*:*";
  options.peer_timeout = std::chrono::milliseconds(static_cast<std::int64_t>(rules.timeout * 1000));
  options.heartbeat = options.peer_timeout / 5;
  if (keys) {
    options.keys = keys->curve;
    options.accepted_keys = keys->accepted;
  }
  return options;
}

// Where a node finds the data plane of this process, which may be bound to all addresses.
std::string own_data_for(const tcp_address& node, const std::string& endpoint) {
  const auto bound = parse_tcp_endpoint(endpoint, address_use::listen);
  if (!bound || !is_wildcard(*bound))
    return endpoint;
  return "tcp://" + to_string(tcp_address{own_address_towards(node).value_or("127.0.0.1"), bound->port});
}

// What a node has to be able to do for the agents that may run there.
node_greeting greeting_for(const node_entry& node, const pipeline& p, const std::vector<plan>& plans) {
  node_greeting greeting{.node = node.name};
  std::set<std::string> models;
  std::set<std::string> kinds;
  for (const auto& planned : plans)
    for (const auto& agent : planned.agents) {
      const auto& spec = p.agent(agent.name);
      if (std::find(spec.nodes.begin(), spec.nodes.end(), node.name) == spec.nodes.end())
        continue;
      kinds.insert(spec.kind);
      if (p.model(spec.model) != nullptr)
        models.insert(spec.model);
    }
  add_drafts(p, models);
  for (const auto& name : models)
    greeting.models.push_back(*p.model(name));
  greeting.kinds.assign(kinds.begin(), kinds.end());
  return greeting;
}

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

} // namespace

bool has_nodes(const pipeline& p) {
  return std::any_of(p.agents.begin(), p.agents.end(), [](const agent_spec& agent) { return !agent.nodes.empty(); });
}

cluster::cluster(caf::actor_system& system, const pipeline& pipeline, const std::vector<plan>& plans,
                 const std::optional<node_keys>& keys, std::shared_ptr<cluster_counters> counters)
    : system_(system) {
  auto exchange = context_exchange::start(system, options_of(pipeline, keys));
  if (!exchange)
    throw node_error("the data plane of this process can't be opened: " + exchange.error().message);
  exchange_ = std::move(*exchange);
  cluster_parts parts{.exchange = exchange_, .counters = counters};
  parts.timeout = milliseconds_of(pipeline.node_rules.timeout);
  parts.wait = milliseconds_of(pipeline.node_rules.wait);
  const auto used = nodes_used(pipeline, plans);
  for (const auto& entry : pipeline.nodes) {
    if (!used.contains(entry.name))
      continue;
    cluster_node node{.entry = entry, .control = control_of(entry)};
    node.own_data = own_data_for(node.control, exchange_->endpoint());
    auto greeting = greeting_for(entry, pipeline, plans);
    greeting.data = node.own_data;
    greeting.traced = counters->is_traced();
    counters->add_node(entry.name);
    greeting.public_key = keys ? keys->curve.public_key : "";
    parts.greetings[entry.name] = std::move(greeting);
    parts.nodes.push_back(std::move(node));
  }
  actor_ = start_cluster(system, std::move(parts));
}

cluster::~cluster() {
  caf::scoped_actor self(system_);
  self->monitor(actor_);
  self->send_exit(actor_, caf::exit_reason::user_shutdown);
  self->receive([](const caf::down_msg&) {}); // it uses the exchange
}

void cluster::prepare(const std::map<std::string, device_actor>& devices) {
  prepare_nodes asked;
  for (const auto& [model, device] : devices)
    asked.local.push_back(probe_model(system_, device, model));
  caf::scoped_actor self(system_);
  nodes_ready answer;
  self->request(actor_, caf::infinite, std::move(asked))
      .receive([&](nodes_ready& ready) { answer = std::move(ready); },
               [&](const caf::error& error) { answer.problems.push_back(text_of(error)); });
  if (!answer.problems.empty()) {
    std::string text = "the run can't begin:";
    for (const auto& problem : answer.problems)
      text += "\n  " + problem;
    throw node_error(text);
  }
  for (auto& model : answer.models)
    models_[model.name] = std::move(model);
}

void cluster::collect_counters() {
  caf::scoped_actor self(system_);
  self->request(actor_, caf::infinite, avp::collect_counters{})
      .receive([](const counters_collected&) {}, [](const caf::error&) {});
}

agent_actor cluster::start_agent(const registry& kinds, const agent_spec& spec, const device_actor& device,
                                 const devices_by_model& sources) {
  if (!spec.nodes.empty())
    return start_remote_agent(system_, actor_, spec, next_agent_++);
  return start_gathering_agent(system_, actor_, spec, avp::start_agent(system_, kinds, spec, device, sources), device);
}

payload cluster::from_recipe(const std::string& model, const std::shared_ptr<const recipe>& history) const {
  constexpr std::size_t positions = 3; // in a shape [layers, 2, heads, positions, head_dim]
  const auto known = models_.find(model);
  if (known == models_.end() || known->second.weights_digest != history->weights_digest ||
      known->second.numerics != history->numerics)
    return {};
  auto described = known->second.sample;
  std::int64_t steps = 0;
  for (const auto& [begin, end] : recipe_layouts().of_kind(position_kind::latent, history, {0, history->tokens()}))
    steps += end - begin;
  described.tensor_shape.at(positions) = static_cast<std::uint32_t>(history->tokens());
  described.extra["num_steps"] = std::to_string(steps);
  described.extra["recipe"] = history->id();
  const auto bytes = body_bytes(known->second, history->tokens());
  auto body = std::make_shared<const remote_context>(context_holder{}, context_facts{history, bytes, described},
                                                     std::vector<std::shared_ptr<const void>>(), nullptr);
  return {std::move(described), std::move(body)};
}

} // namespace avp
