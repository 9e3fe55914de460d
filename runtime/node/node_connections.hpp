// Connections of node zero to the other nodes: made, lost, made again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "runtime/node/cluster_host.hpp"
#include "runtime/node/cluster_models.hpp"
#include "runtime/node/cluster_nodes.hpp"

namespace avp {

/// How connections are made, and who hears of them. All of it outlives them.
struct connecting {
  cluster_nodes* nodes = nullptr;
  cluster_models* models = nullptr;
  std::map<std::string, node_greeting> greetings;             ///< What each node is asked first, by its name.
  std::chrono::milliseconds timeout{5000};                    ///< Silence after which a node counts as lost.
  std::function<void(cluster_node&)> ready;                   ///< It has all that the run wants of it.
  std::function<void(cluster_node&)> refused;                 ///< It lacks something.
  std::function<void(cluster_node&, node_stage before)> lost; ///< With the stage that it was at; `problem` says why.
};

/// Used by the actor that is given to it.
class node_connections {
public:
  using clock = std::chrono::steady_clock;

  node_connections(cluster_host::pointer self, connecting how) : self_(self), how_(std::move(how)) {}

  /// Loses the nodes that were not heard of for too long.
  void lose_silent(clock::time_point now);

  /// Tries again to connect to nodes that are lost, not too often.
  void connect_lost(clock::time_point now);

  /// An address was tried.
  void take(const node_reached& reached);

  /// Refuses the nodes whose models are not those of the run: this machine's may become known after theirs.
  void check_models();

  /// An actor ended, maybe a node's.
  void take(const caf::down_msg& message);

private:
  void connect(cluster_node& node);
  void open(cluster_node& node, const tcp_address& where);
  void greet(cluster_node& node, node_actor actor);
  void take(cluster_node& node, const node_welcome& welcome);
  void refuse(cluster_node& node);
  void not_there(cluster_node& node, const std::string& why);
  void lose(cluster_node& node, const std::string& why);

  cluster_host::pointer self_;
  connecting how_;
  std::uint64_t next_session_ = 1;
};

/// Why a node can't take part, as it answered; nothing where it can.
[[nodiscard]] std::vector<std::string> objections_to(const cluster_node& node, const node_welcome& welcome,
                                                     cluster_models& models);

} // namespace avp
