// The way from node zero to the other nodes.
#pragma once

#include "runtime/node/cluster_node.hpp"
#include "runtime/node/node_messages.hpp"

namespace avp {

/// Sends to a node that is there; what is lost on the way is lost with its connection.
class node_port {
public:
  node_port() = default;
  node_port(const node_port&) = delete;
  node_port& operator=(const node_port&) = delete;
  virtual ~node_port() = default;

  virtual void send(const cluster_node& to, const node_ping& what) = 0;
  virtual void send(const cluster_node& to, agent_order what) = 0;
  virtual void send(const cluster_node& to, hop_order what) = 0;
  virtual void send(const cluster_node& to, const cancel_hop& what) = 0;
  virtual void send(const cluster_node& to, const drop_context& what) = 0;
};

} // namespace avp
