// State of the actor of node zero that talks to the other nodes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "runtime/node/cluster_host.hpp"
#include "runtime/node/cluster_models.hpp"
#include "runtime/node/cluster_nodes.hpp"
#include "runtime/node/cluster_parts.hpp"
#include "runtime/node/heartbeats.hpp"
#include "runtime/node/node_connections.hpp"
#include "runtime/node/placed_hops.hpp"
#include "runtime/node/readiness.hpp"
#include "runtime/node/transfer_routes.hpp"

namespace avp {

/// Sends as the actor, by which nodes know whom they serve.
class actor_node_port final : public node_port {
public:
  explicit actor_node_port(cluster_host::pointer self) : self_(self) {}

  void send(const cluster_node& to, const node_ping& what) override { self_->send(to.actor, what); }
  void send(const cluster_node& to, agent_order what) override { self_->send(to.actor, std::move(what)); }
  void send(const cluster_node& to, hop_order what) override { self_->send(to.actor, std::move(what)); }
  void send(const cluster_node& to, const cancel_hop& what) override { self_->send(to.actor, what); }
  void send(const cluster_node& to, const drop_context& what) override { self_->send(to.actor, what); }

private:
  cluster_host::pointer self_;
};

/// What the nodes of a run are, and each thing that is done with them: an object of its own. This one lets them hear of
/// each other.
class cluster_state {
public:
  cluster_state(cluster_host::pointer self, cluster_parts parts);
  cluster_state(const cluster_state&) = delete;
  cluster_state& operator=(const cluster_state&) = delete;
  ~cluster_state();

  /// What the actor does with each message.
  [[nodiscard]] cluster_host::behavior_type behavior();

private:
  using clock = std::chrono::steady_clock;

  /// Contexts of an agent of this machine that are being gathered.
  struct open_gathering {
    std::string agent;
    caf::typed_response_promise<gathered_contexts> answer;
  };

  [[nodiscard]] cluster_node* sender() { return nodes_.of(caf::actor_cast<caf::actor_addr>(self_->current_sender())); }
  [[nodiscard]] connecting ways_to_connect();
  [[nodiscard]] placing ways_to_place();
  [[nodiscard]] context_gatherer make_gatherer();

  void tick();
  void down(const caf::down_msg& message);
  void ready();
  void refused(const cluster_node& node);
  void lost(cluster_node& node, node_stage before);
  void gatherer_down(const failure& why);
  void left(cluster_node& node);

  caf::result<nodes_ready> prepare(const prepare_nodes& asked);
  caf::result<counters_collected> collect();
  caf::result<hop_output> place(place_hop& asked);
  caf::result<gathered_contexts> gather(const gather_here& asked);
  caf::result<send_report> pass_on(send_order& asked);
  caf::result<send_report> ask(const ask_holder& asked);
  caf::result<send_report> send_from_here(const cluster_node& to, const send_order& order);
  caf::result<send_report> send_from(const cluster_node& holder, const send_order& order);

  cluster_host::pointer self_;
  cluster_parts parts_;
  actor_node_port port_;
  cluster_nodes nodes_;
  cluster_models models_;
  readiness readiness_;
  heartbeats heartbeats_;
  placed_hops hops_;
  node_connections connections_;
  context_gatherer gatherer_;
  std::map<std::uint64_t, open_gathering> gathering_;
  std::uint64_t next_gathering_ = 1;
};

} // namespace avp
