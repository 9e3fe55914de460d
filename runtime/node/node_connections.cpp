// Connections of node zero to the other nodes: made, lost, made again.
#include "runtime/node/node_connections.hpp"

#include <set>
#include <utility>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include "agents/text/seconds_text.hpp"
#include "gpu/device_error.hpp"
#include "runtime/node/node_system.hpp"

namespace avp {

namespace {

constexpr auto between_attempts = std::chrono::milliseconds(300);

// A machine that is cut off must not hold up the connections to others, so each address is tried on a thread of its
// own. CAF itself waits as long as the operating system does, and tries one address of a name.
void try_address(cluster_host::pointer self, const cluster_node& node, std::chrono::milliseconds patience) {
  self->spawn<caf::detached>(
      [home = cluster_host(self), name = node.entry.name, session = node.session, at = node.control, patience] {
        expected<tcp_address> where = fail(errc::io_failed, "it was not looked for");
        try {
          where = find_reachable(at, patience);
        } catch (const std::exception& thrown) {
          where = fail(errc::io_failed, thrown.what());
        }
        caf::anon_send(home, node_reached{name, session, std::move(where)});
      });
}

} // namespace

void node_connections::lose_silent(clock::time_point now) {
  for (auto& [name, node] : how_.nodes->all())
    if (node.is_talking() && now - node.heard > how_.timeout)
      lose(node, "it was silent for " + seconds_text(how_.timeout));
}

void node_connections::connect_lost(clock::time_point now) {
  for (auto& [name, node] : how_.nodes->all())
    if (node.stage == node_stage::lost && now - node.tried >= between_attempts)
      connect(node);
}

void node_connections::connect(cluster_node& node) {
  node.stage = node_stage::connecting;
  node.session = next_session_++;
  try_address(self_, node, how_.timeout);
}

void node_connections::take(const node_reached& reached) {
  auto* node = how_.nodes->find(reached.node);
  if (node == nullptr || node->session != reached.session || node->stage != node_stage::connecting)
    return;
  if (!reached.where)
    return not_there(*node, reached.where.error().message);
  open(*node, *reached.where);
}

void node_connections::open(cluster_node& node, const tcp_address& where) {
  const auto mine = [this, name = node.entry.name, session = node.session]() -> cluster_node* {
    auto* at = how_.nodes->find(name);
    return at->session == session && at->stage == node_stage::connecting ? at : nullptr;
  };
  const auto refused = [this, mine](const std::string& why) {
    if (auto* at = mine())
      not_there(*at, at->entry.control + " does not let this process in (" + why +
                         "). Is it an avp-node, and do both have keys of one cluster, or both none?");
  };
  self_->request(connector_of(self_->system()), how_.timeout, caf::connect_atom::value, where.host, where.port)
      .then(
          [this, mine, refused](const caf::node_id&, const caf::strong_actor_ptr& actor, const std::set<std::string>&) {
            if (!actor)
              return refused("it offers nothing");
            if (auto* at = mine())
              greet(*at, caf::actor_cast<node_actor>(actor));
          },
          [refused](const caf::error& error) { refused(text_of(error)); });
}

void node_connections::greet(cluster_node& node, node_actor actor) {
  node.actor = std::move(actor);
  node.stage = node_stage::greeted;
  node.heard = clock::now();
  node.told.clear();
  node.hops = 0;
  node.clock.begin();
  self_->monitor(node.actor);
  self_->request(node.actor, caf::infinite, how_.greetings.at(node.entry.name))
      .then(
          [this, name = node.entry.name, session = node.session](const node_welcome& welcome) {
            if (auto* at = how_.nodes->find(name); at->session == session && at->stage == node_stage::greeted)
              take(*at, welcome);
          },
          [this, name = node.entry.name, session = node.session](const caf::error& error) {
            if (auto* at = how_.nodes->find(name); at->session == session)
              lose(*at, "it did not answer the greeting: " + text_of(error));
          });
}

void node_connections::take(cluster_node& node, const node_welcome& welcome) {
  node.missing = objections_to(node, welcome, *how_.models);
  if (!node.missing.empty())
    return refuse(node);
  if (node.incarnation != 0)
    spdlog::info("node '{}' is {}", node.entry.name,
                 node.incarnation == welcome.incarnation ? "back" : "back, started anew");
  node.incarnation = welcome.incarnation;
  node.public_key = welcome.public_key;
  for (const auto& model : welcome.models)
    node.models[model.name] = model;
  node.stage = node_stage::ready;
  how_.ready(node);
}

void node_connections::check_models() {
  for (auto& [name, node] : how_.nodes->all()) {
    if (node.stage != node_stage::ready)
      continue;
    std::vector<model_report> models;
    for (const auto& [model, report] : node.models)
      models.push_back(report);
    node.missing = how_.models->objections(name, models);
    if (!node.missing.empty())
      refuse(node);
  }
}

void node_connections::refuse(cluster_node& node) {
  self_->demonitor(node.actor.address());
  not_there(node, node.missing.front());
  how_.refused(node);
}

void node_connections::not_there(cluster_node& node, const std::string& why) {
  node.stage = node_stage::lost;
  node.actor = node_actor();
  node.problem = why;
  node.tried = clock::now();
}

void node_connections::lose(cluster_node& node, const std::string& why) {
  const auto stage = node.stage;
  if (node.actor)
    self_->demonitor(node.actor.address());
  not_there(node, why);
  how_.lost(node, stage);
}

void node_connections::take(const caf::down_msg& message) {
  if (auto* node = how_.nodes->of(message.source))
    lose(*node, message.reason ? "its connection is gone: " + text_of(message.reason) : "it ended");
}

std::vector<std::string> objections_to(const cluster_node& node, const node_welcome& welcome, cluster_models& models) {
  if (welcome.protocol != node_protocol)
    return {"it speaks version " + std::to_string(welcome.protocol) + " of the protocol between nodes and avp-run " +
            std::to_string(node_protocol) + "; install the same version on both"};
  if (welcome.node != node.entry.name)
    return {"at " + node.entry.control + " answers the node '" + welcome.node + "'; are two addresses mixed up?"};
  auto all = welcome.missing;
  const auto others = models.objections(node.entry.name, welcome.models);
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

} // namespace avp
