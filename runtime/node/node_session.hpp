// What a node knows of one run that uses it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agents/agent_actor.hpp"
#include "agents/cancellation.hpp"
#include "runtime/node/context_gatherer.hpp"
#include "runtime/node/node_models.hpp"
#include "runtime/node/node_parts.hpp"
#include "runtime/node/recipe_bundle.hpp"
#include "runtime/node/zero_actor.hpp"

namespace avp {

/// An agent of a run on this node.
struct hosted_agent {
  agent_spec spec;
  agent_actor actor;   ///< None where it could not be started.
  std::string problem; ///< Why it could not.
};

/// A hop under way.
struct hosted_hop {
  std::uint64_t agent = 0;
  bool hands_on = false;
  bool is_begun = false; ///< Its contexts are here, and the agent has it.
  std::shared_ptr<avp::cancellation> cancelled = std::make_shared<avp::cancellation>(); ///< Of what its agent asks.
  recipe_map known;              ///< Recipes that node zero knows.
  std::vector<std::string> kept; ///< Ids of the contexts that it continues on, kept for the time being.
  std::vector<std::uint64_t> wire_bytes;
  double fetch_ms = 0;
};

/// How far a run was told of a device.
struct told_device {
  std::shared_ptr<hosted_device> device;
  device_counters before; ///< When the run was greeted.
  std::uint64_t next = 0; ///< Event.
};

/// One run, from its greeting until its connection is gone.
struct node_session {
  std::uint64_t number = 0; ///< No two sessions of a node have the same.
  zero_actor zero;
  context_gatherer gatherer;
  std::string data;       ///< Where node zero receives contexts.
  std::string public_key; ///< Of node zero.
  std::map<std::string, hosted_entry> models;
  std::map<std::uint64_t, hosted_agent> agents;
  std::map<std::uint64_t, hosted_hop> hops;
  std::map<std::uint64_t, std::vector<std::string>> held; ///< By hop: ids of contexts kept for node zero.
  bool traced = false;                                    ///< Whether it wants to know of every step and request.
  std::vector<told_device> told;                          ///< Its devices.
  std::map<std::string, link_traffic> links_before;       ///< By peer, when it was greeted.
};

/// Takes the models of a run; it is told from now on what their devices do.
void begin_on(node_session& at, std::map<std::string, hosted_entry> models, const context_exchange& exchange);

/// What the run was not told of yet.
[[nodiscard]] node_heartbeat heartbeat_of(node_session& at, const context_exchange& exchange);

/// Where a hop of an agent computes.
[[nodiscard]] gather_target target_of(const node_session& at, const hosted_agent& agent, const hop_order& order);

/// What a hop continues on, and where that is. `known` has the recipes of the order. Throws std::runtime_error for an
/// order that names a context without its recipe.
[[nodiscard]] std::vector<needed_context> contexts_for(const node_session& at, const hop_order& order,
                                                       const recipe_map& known, const node_parts& parts);

/// What node zero is told of a hop that is through. Takes the texts out of `made`.
[[nodiscard]] hop_report report_of(std::uint64_t number, const hosted_hop& hop, hop_output& made);

} // namespace avp
