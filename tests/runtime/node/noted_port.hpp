// Notes what is sent to nodes, of which there are none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/node/cluster_nodes.hpp"
#include "runtime/node/node_port.hpp"

namespace avp::test {

/// By the names of the nodes.
class noted_port final : public node_port {
public:
  std::map<std::string, std::vector<node_ping>> pings;
  std::map<std::string, std::vector<agent_order>> agents;
  std::map<std::string, std::vector<hop_order>> hops;
  std::map<std::string, std::vector<std::uint64_t>> cancelled; ///< Hops.
  std::map<std::string, std::vector<drop_context>> dropped;

  void send(const cluster_node& to, const node_ping& what) override { pings[to.entry.name].push_back(what); }
  void send(const cluster_node& to, agent_order what) override { agents[to.entry.name].push_back(std::move(what)); }
  void send(const cluster_node& to, hop_order what) override { hops[to.entry.name].push_back(std::move(what)); }
  void send(const cluster_node& to, const cancel_hop& what) override { cancelled[to.entry.name].push_back(what.hop); }
  void send(const cluster_node& to, const drop_context& what) override { dropped[to.entry.name].push_back(what); }
};

/// A node as it is after its welcome; its session is given.
inline cluster_node ready_node(const std::string& name, std::uint64_t session) {
  cluster_node node;
  node.entry.name = name;
  node.entry.data = "tcp://" + name + ":1";
  node.own_data = "tcp://local-for-" + name + ":1";
  node.public_key = "key-" + name;
  node.stage = node_stage::ready;
  node.session = session;
  return node;
}

} // namespace avp::test
