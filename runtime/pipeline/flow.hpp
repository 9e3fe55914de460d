// The graph of agents that a pipeline's `flow` describes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// Where something stands in the list of flow strings.
struct flow_place {
  std::size_t chain = 0;  ///< Index of the string.
  std::size_t offset = 0; ///< Byte in it.
};

/// A mistake in the flow strings.
struct flow_mistake {
  flow_place place;
  std::string message;
};

/// One hand-over: `to` runs after `from`.
struct flow_edge {
  std::string from;
  std::string to;
  flow_place place; ///< Where `to` stands.
};

/// Agents and hand-overs, in the order in which the flow names them first.
class flow {
public:
  /// Parses strings of chains `a -> b -> c`, where each place may list several agents: `a -> b, c -> d` means a → b,
  /// a → c, b → d and c → d. Adds what is wrong (syntax, repeated hand-overs, absurd size, cycles) to `mistakes`; what
  /// could be read is in the result all the same.
  static flow parse(const std::vector<std::string>& chains, std::vector<flow_mistake>& mistakes);

  /// Every agent named, in order of first appearance.
  [[nodiscard]] const std::vector<std::string>& agents() const { return agents_; }

  /// Where each agent of agents() first appears.
  [[nodiscard]] const std::vector<flow_place>& places() const { return places_; }

  /// Every hand-over once, in order of appearance.
  [[nodiscard]] const std::vector<flow_edge>& edges() const { return edges_; }

  /// Agents that hand over to `agent` directly, in order of appearance.
  [[nodiscard]] std::vector<std::string> predecessors(std::string_view agent) const;

  /// Agents that `agent` hands over to directly, in order of appearance.
  [[nodiscard]] std::vector<std::string> successors(std::string_view agent) const;

  /// All agents from which a way leads to `agent`, in topological order.
  [[nodiscard]] std::vector<std::string> ancestors(std::string_view agent) const;

  /// Agents that hand over to nobody, in order of appearance.
  [[nodiscard]] std::vector<std::string> sinks() const;

  /// The agents so that everyone comes after its predecessors, and otherwise as early as the flow names it. Agents on
  /// or behind a cycle are left out.
  [[nodiscard]] std::vector<std::string> topological_order() const;

  /// Adds the hand-over with the agents it names; false where it was there already.
  bool add_edge(const flow_edge& edge, const flow_place& from_place);

  /// Adds an agent that may stand alone.
  void add_agent(const std::string& name, const flow_place& place);

private:
  std::vector<std::string> agents_;
  std::vector<flow_place> places_;
  std::vector<flow_edge> edges_;
};

} // namespace avp
