// Sessions with the runs that use a node: begun, told of, ended.
#include "runtime/node/node_state.hpp"

#include <algorithm>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include "agents/agent_failure.hpp"
#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"
#include "runtime/node/node_status.hpp"
#include "runtime/node/wire_check.hpp"
#include "runtime/pipeline/pipeline.hpp"

namespace avp {

node_state::~node_state() {
  for (const auto& [number, at] : sessions_) {
    caf::anon_send_exit(at.gatherer, caf::exit_reason::user_shutdown);
    for (const auto& [id, agent] : at.agents)
      if (agent.actor)
        caf::anon_send_exit(agent.actor, caf::exit_reason::user_shutdown);
  }
}

void node_state::start(const node_parts& parts) {
  parts_ = parts;
  loader_ = start_model_loader(self_->system(), *parts_.models);
  self_->link_to(loader_);
  self_->monitor(parts_.exchange->actor());
}

node_session* node_state::session_of_sender() {
  const auto sender = caf::actor_cast<caf::actor_addr>(self_->current_sender());
  for (auto& [number, one] : sessions_)
    if (one.zero == sender)
      return &one;
  return nullptr;
}

node_session* node_state::session(std::uint64_t number) {
  const auto found = sessions_.find(number);
  return found == sessions_.end() ? nullptr : &found->second;
}

std::vector<std::string> node_state::missing_kinds(const std::vector<std::string>& wanted) const {
  std::vector<std::string> missing;
  const auto known = parts_.kinds->kinds();
  for (const auto& kind : wanted)
    if (std::none_of(known.begin(), known.end(), [&](const kind_info& one) { return one.name == kind; }))
      missing.push_back("no agent kind is registered as '" + kind + "'; start avp-node with --plugin");
  return missing;
}

caf::result<node_welcome> node_state::greet(const node_greeting& greeting) {
  node_welcome welcome{.node = parts_.name, .incarnation = parts_.incarnation, .public_key = parts_.public_key};
  if (greeting.protocol != node_protocol || greeting.node != parts_.name)
    return welcome; // node zero sees what is wrong
  while (auto* old = session_of_sender())
    end(sessions_.find(old->number));
  welcome.missing = missing_kinds(greeting.kinds);
  const auto number = next_session_++;
  auto& made = sessions_[number];
  made.number = number;
  made.zero = caf::actor_cast<zero_actor>(self_->current_sender());
  made.data = greeting.data;
  made.public_key = greeting.public_key;
  made.traced = greeting.traced;
  start_gatherer_of(made);
  self_->monitor(made.zero);
  if (leaving_)
    self_->send(made.zero, node_farewell{});
  auto promise = self_->make_response_promise<node_welcome>();
  self_->request(loader_, caf::infinite, load_models{greeting.models})
      .then([this, promise, number, welcome](hosted_models& loaded) mutable {
        for (const auto& [name, entry] : loaded.by_name)
          welcome.models.push_back(entry.report);
        welcome.missing.insert(welcome.missing.end(), loaded.missing.begin(), loaded.missing.end());
        if (auto* at = session(number)) {
          begin_on(*at, std::move(loaded.by_name), *parts_.exchange);
          for (const auto& [name, entry] : at->models)
            self_->monitor(entry.device->actor());
        }
        promise.deliver(std::move(welcome));
      });
  return promise;
}

void node_state::start_gatherer_of(node_session& at) {
  at.gatherer = start_gatherer(self_->system(), {parts_.exchange->actor(), parts_.exchange->kept(), parts_.patience,
                                                 node_host(self_), at.number});
  self_->monitor(at.gatherer);
}

void node_state::start_agent_of(node_session& at, hosted_agent& agent) {
  const auto model = at.models.find(agent.spec.model);
  try {
    agent.actor = start_agent(self_->system(), *parts_.kinds, agent.spec,
                              model == at.models.end() ? device_actor{} : model->second.device->actor());
    self_->monitor(agent.actor);
  } catch (...) {
    agent.problem = "the agent can't be started: " + text_of(std::current_exception());
  }
}

void node_state::take_agent(const agent_order& order) {
  auto* at = session_of_sender();
  if (at == nullptr)
    return;
  auto& agent = at->agents[order.agent];
  try {
    agent.spec = checked(order.spec);
    start_agent_of(*at, agent);
  } catch (const std::exception& error) {
    agent.problem = error.what();
  }
}

void node_state::end(session_place place) {
  auto& at = place->second;
  self_->send_exit(at.gatherer, caf::exit_reason::user_shutdown);
  for (const auto& [hop, held] : at.held)
    release(held);
  for (const auto& [id, hop] : at.hops)
    release(hop.kept);
  for (const auto& [id, agent] : at.agents)
    if (agent.actor)
      self_->send_exit(agent.actor, caf::exit_reason::user_shutdown); // which cancels what it asked of its device
  sessions_.erase(place);
  quit_when_done();
}

void node_state::agent_down(node_session& at, hosted_agent& agent, std::uint64_t number, const failure& why) {
  std::vector<std::uint64_t> lost; // one whose contexts are still arriving goes to the agent that comes after it
  for (const auto& [id, hop] : at.hops)
    if (hop.agent == number && hop.is_begun)
      lost.push_back(id);
  start_agent_of(at, agent);
  for (const auto id : lost)
    failed(at.number, id, {why.code, "the agent died while it had this task (" + why.text + "); it was started anew"});
}

void node_state::gatherer_down(node_session& at, const failure& why) {
  std::vector<std::uint64_t> lost;
  for (const auto& [id, hop] : at.hops)
    if (!hop.is_begun)
      lost.push_back(id);
  start_gatherer_of(at);
  for (const auto id : lost) // the last one may end the session
    failed(at.number, id, gatherer_died(parts_.name, at.agents.at(at.hops.at(id).agent).spec.name, why));
}

void node_state::down(const caf::down_msg& message) {
  const auto reason = text_of(message.reason);
  if (parts_.exchange->actor() == message.source)
    return self_->quit(message.reason);
  for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
    if (at->second.zero == message.source) {
      spdlog::info("a run ended or was cut off ({}): {} hops were under way", reason, at->second.hops.size());
      return end(at);
    }
    if (at->second.gatherer == message.source)
      return gatherer_down(at->second, failure_of(message.reason));
    for (const auto& [name, entry] : at->second.models)
      if (entry.device->actor() == message.source) {
        spdlog::error("the device of model '{}' died ({})", name, reason);
        return self_->quit(caf::exit_reason::unhandled_exception);
      }
    for (auto& [number, agent] : at->second.agents)
      if (agent.actor == message.source)
        return agent_down(at->second, agent, number, failure_of_agent(message.reason));
  }
}

void node_state::leave() {
  leaving_ = true;
  for (const auto& [number, at] : sessions_)
    self_->send(at.zero, node_farewell{});
  quit_when_done();
}

void node_state::quit_when_done() {
  const auto busy = [](const auto& at) { return !at.second.hops.empty(); };
  if (!leaving_ || std::any_of(sessions_.begin(), sessions_.end(), busy))
    return;
  leaving_ = false; // ending the sessions comes here again
  while (!sessions_.empty())
    end(sessions_.begin());
  self_->quit();
}

node_heartbeat node_state::answer(const node_ping& ping) {
  auto* at = session_of_sender();
  auto heartbeat = at == nullptr ? node_heartbeat{} : heartbeat_of(*at, *parts_.exchange);
  heartbeat.number = ping.number;
  heartbeat.clock = node_now();
  return heartbeat;
}

node_status node_state::status() const {
  auto told = status_json(parts_, sessions_);
  told["leaving"] = leaving_;
  told["hops_done"] = hops_done_;
  return {told.dump(2)};
}

} // namespace avp
