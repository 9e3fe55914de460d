// Connections of node zero to the other nodes: made, watched, made again.
#include <algorithm>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <avp/gpu/device_error.hpp>
#include <avp/runtime/node/cluster_state.hpp>
#include <avp/runtime/node/node_system.hpp>

namespace avp {

namespace {

using tick_atom = caf::atom_constant<caf::atom("tick")>;

constexpr auto between_attempts = std::chrono::milliseconds(300);

std::string seconds_text(std::chrono::milliseconds time) {
  auto text = std::to_string(static_cast<double>(time.count()) / 1000);
  text.erase(text.find_last_not_of('0') + 1);
  return (text.back() == '.' ? text.substr(0, text.size() - 1) : text) + " s";
}

std::string counted(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::chrono::milliseconds tick_of(const cluster_parts& parts) {
  return std::clamp(parts.timeout / 5, std::chrono::milliseconds(20), std::chrono::milliseconds(1000));
}

// A machine that is cut off must not hold up the connections to others, so each address is tried on a thread of its
// own.
void try_address(caf::event_based_actor* self, const cluster_node& node, std::chrono::milliseconds patience) {
  self->spawn<caf::detached>(
      [home = caf::actor(self), name = node.entry.name, session = node.session, at = node.control, patience] {
        caf::anon_send(home, node_reached{name, session, is_reachable(at, patience)});
      });
}

} // namespace

void cluster_state::start(cluster_parts parts) {
  parts_ = std::move(parts);
  for (auto& node : parts_.nodes)
    nodes_[node.entry.name] = std::move(node);
  gatherer_ = std::make_shared<context_gatherer>(
      self_, *parts_.exchange, parts_.timeout,
      [this](const send_order& order, const std::function<void(const std::string&)>& failed) {
        ask_holder(order, failed);
      });
  tick();
}

cluster_node* cluster_state::find(const std::string& name) {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

cluster_node* cluster_state::sender() {
  const auto who = caf::actor_cast<caf::actor_addr>(self_->current_sender());
  for (auto& [name, node] : nodes_)
    if (node.actor && node.actor == who)
      return &node;
  return nullptr;
}

void cluster_state::tick() {
  const auto now = clock::now();
  for (auto& [name, node] : nodes_) {
    if (node.stage == node_stage::lost && now - node.tried >= between_attempts)
      connect(node);
    else if (node.is_talking() && now - node.heard > parts_.timeout)
      lose(node, "it was silent for " + seconds_text(parts_.timeout));
    else if (node.is_talking())
      ping(node);
  }
  parts_.board->note_sent(parts_.exchange->traffic());
  answer_if_ready();
  give_up_waiting();
  self_->delayed_send(self_, tick_of(parts_), tick_atom::value);
}

void cluster_state::connect(cluster_node& node) {
  node.stage = node_stage::connecting;
  node.session = next_session_++;
  try_address(self_, node, parts_.timeout);
}

void cluster_state::reached(const node_reached& what) {
  auto* node = find(what.node);
  if (node == nullptr || node->session != what.session || node->stage != node_stage::connecting)
    return;
  if (!what.reached)
    return not_there(*node, "nobody answers at " + node->entry.control);
  open(*node);
}

void cluster_state::open(cluster_node& node) {
  const auto mine = [this, name = node.entry.name, session = node.session]() -> cluster_node* {
    auto* at = find(name);
    return at->session == session && at->stage == node_stage::connecting ? at : nullptr;
  };
  const auto refused = [this, mine](const std::string& why) {
    if (auto* at = mine())
      not_there(*at, at->entry.control + " does not let this process in (" + why +
                         "). Is it an avp-node, and do both have keys of one cluster, or both none?");
  };
  self_
      ->request(connector_of(self_->system()), parts_.timeout, caf::connect_atom::value, node.control.host,
                node.control.port)
      .then(
          [this, mine, refused](const caf::node_id&, const caf::strong_actor_ptr& actor, const std::set<std::string>&) {
            if (!actor)
              return refused("it offers nothing");
            if (auto* at = mine())
              greet(*at, caf::actor_cast<caf::actor>(actor));
          },
          [refused](const caf::error& error) { refused(text_of(error)); });
}

void cluster_state::greet(cluster_node& node, caf::actor actor) {
  node.actor = std::move(actor);
  node.stage = node_stage::greeted;
  node.heard = clock::now();
  node.told.clear();
  node.hops = 0;
  node.round = std::chrono::nanoseconds::max();
  self_->monitor(node.actor);
  self_->request(node.actor, caf::infinite, parts_.greetings.at(node.entry.name))
      .then(
          [this, name = node.entry.name, session = node.session](const node_welcome& welcome) {
            if (auto* at = find(name); at->session == session && at->stage == node_stage::greeted)
              welcomed(*at, welcome);
          },
          [this, name = node.entry.name, session = node.session](const caf::error& error) {
            if (auto* at = find(name); at->session == session)
              lose(*at, "it did not answer the greeting: " + text_of(error));
          });
}

// Why a node can't take part, as it answered. Two nodes with other weights under one name would give other texts.
std::vector<std::string> cluster_state::objections(const cluster_node& node, const node_welcome& welcome) {
  if (welcome.protocol != node_protocol)
    return {"it speaks version " + std::to_string(welcome.protocol) + " of the protocol between nodes and avp-run " +
            std::to_string(node_protocol) + "; install the same version on both"};
  if (welcome.node != node.entry.name)
    return {"at " + node.entry.control + " answers the node '" + welcome.node + "'; are two addresses mixed up?"};
  auto all = welcome.missing;
  for (const auto& model : welcome.models) {
    const auto& [where, known] =
        known_models_.try_emplace(model.name, "node '" + node.entry.name + "'", model).first->second;
    if (known.weights_digest != model.weights_digest)
      all.push_back("model '" + model.name + "' has other weights (" + model.weights_digest.substr(0, 12) + "…) than " +
                    where + " (" + known.weights_digest.substr(0, 12) + "…)");
    else if (known.numerics != model.numerics)
      all.push_back("model '" + model.name + "' runs with \"" + model.numerics + "\", and " + where + " has \"" +
                    known.numerics + "\"");
  }
  return all;
}

void cluster_state::welcomed(cluster_node& node, const node_welcome& welcome) {
  node.missing = objections(node, welcome);
  if (!node.missing.empty()) {
    if (!preparing_)
      spdlog::warn("node '{}' is back and can't go on: {}", node.entry.name, node.missing.front());
    const auto why = node.missing.front();
    self_->demonitor(node.actor);
    return not_there(node, why);
  }
  if (node.incarnation != 0)
    spdlog::info("node '{}' is {}", node.entry.name,
                 node.incarnation == welcome.incarnation ? "back" : "back, started anew");
  node.incarnation = welcome.incarnation;
  node.public_key = welcome.public_key;
  for (const auto& model : welcome.models)
    node.models[model.name] = model;
  node.stage = node_stage::ready;
  parts_.board->set_ready(node.entry.name, true);
  answer_if_ready();
  begin_waiting();
}

void cluster_state::not_there(cluster_node& node, const std::string& why) {
  node.stage = node_stage::lost;
  node.actor = {};
  node.problem = why;
  node.tried = clock::now();
}

void cluster_state::lose(cluster_node& node, const std::string& why) {
  const auto stage = node.stage;
  const auto session = node.session;
  if (node.actor)
    self_->demonitor(node.actor);
  not_there(node, why);
  parts_.board->end_session(node.entry.name, stage == node_stage::ready);
  parts_.exchange->lose(node.entry.name, {errc::peer_lost, why});
  if (stage == node_stage::leaving)
    spdlog::info("node '{}' has left", node.entry.name);
  else if (stage == node_stage::ready) {
    spdlog::warn("node '{}' is lost ({}); {} under way there begin anew", node.entry.name, why,
                 counted(node.hops, "hop"));
  }
  node.hops = 0;
  redo(node.entry.name, session);
  node.is_collected = true;
  answer_if_collected();
}

void cluster_state::farewell() {
  auto* node = sender();
  if (node == nullptr || !node->is_talking())
    return;
  spdlog::info("node '{}' leaves; {} under way there", node->entry.name, counted(node->hops, "hop"));
  node->stage = node_stage::leaving;
}

void cluster_state::down(const caf::down_msg& message) {
  for (auto& [name, node] : nodes_)
    if (node.actor && node.actor == message.source)
      return lose(node, message.reason ? "its connection is gone: " + text_of(message.reason) : "it ended");
}

caf::result<nodes_ready> cluster_state::prepare(const prepare_nodes& asked) {
  for (const auto& model : asked.local)
    known_models_.try_emplace(model.name, "this machine", model);
  preparing_ = self_->make_response_promise<nodes_ready>();
  prepare_until_ = clock::now() + parts_.timeout;
  answer_if_ready();
  return *preparing_;
}

// Nodes that load models are waited for; those that nobody hears of, only for a while.
void cluster_state::answer_if_ready() {
  if (!preparing_ || !preparing_->pending())
    return;
  nodes_ready answer;
  for (const auto& [name, node] : nodes_) {
    if (node.stage == node_stage::ready)
      continue;
    const bool is_out_of_reach = !node.is_talking() && clock::now() >= prepare_until_;
    if (node.missing.empty() && !is_out_of_reach)
      return;
    if (node.missing.empty())
      answer.problems.push_back("node '" + name + "': " + node.problem);
    for (const auto& what : node.missing)
      answer.problems.push_back("node '" + name + "': " + what);
  }
  for (const auto& [name, known] : known_models_)
    answer.models.push_back(known.second);
  preparing_->deliver(std::move(answer));
  preparing_.reset();
}

namespace {

caf::behavior cluster_behavior(caf::stateful_actor<cluster_state>* self, const std::shared_ptr<cluster_parts>& parts) {
  auto& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& message) { state.down(message); });
  state.start(std::move(*parts));
  return {
      [&state](tick_atom) { state.tick(); },
      [&state](const prepare_nodes& asked) { return state.prepare(asked); },
      [&state](const node_reached& what) { state.reached(what); },
      [&state](const node_pulse& pulse) { state.pulse(pulse); },
      [&state](const collect_news&) { return state.collect(); },
      [&state](const node_farewell&) { state.farewell(); },
      [&state](send_order& order) { return state.pass_on(order); },
      [&state](place_hop& asked) { return state.place(asked); },
      [&state](const gather_here& asked) { return state.gather(asked); },
      [&state](hop_report& report) { state.report(report); },
      [&state](const words_report& words) { state.words(words); },
      [&state](const context_dropped& gone) { state.dropped(gone); },
      [](deferred_work& later) { later.work(); },
  };
}

} // namespace

caf::actor start_cluster(caf::actor_system& system, cluster_parts parts) {
  return system.spawn(cluster_behavior, std::make_shared<cluster_parts>(std::move(parts)));
}

} // namespace avp
