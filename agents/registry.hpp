// The kinds of agents that a pipeline file can name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agents/agent.hpp"
#include "agents/kind_info.hpp"

namespace avp {

/// Agent kinds by name. A new one has the shipped kinds.
class registry {
public:
  using factory = std::function<std::unique_ptr<agent>(const agent_spec&)>;

  /// Knows think, generate, vote, best_of, route and refine.
  registry();

  /// Adds a kind. Throws std::invalid_argument when the name is taken.
  void add(const kind_info& kind, factory make);

  /// Adds a kind whose class has a default constructor, or one that takes the agent_spec. Its options are taken as they
  /// are.
  template <class Agent>
  void add(const std::string& name) {
    add<Agent>(kind_info{name});
  }

  /// Adds a kind whose options the loader checks before anything is run.
  template <class Agent>
  void add(const kind_info& kind) {
    add(kind, [](const agent_spec& spec) -> std::unique_ptr<agent> {
      if constexpr (std::is_constructible_v<Agent, const agent_spec&>)
        return std::make_unique<Agent>(spec);
      else
        return std::make_unique<Agent>();
    });
  }

  /// All kinds in the order of their names.
  [[nodiscard]] std::vector<kind_info> kinds() const;

  /// Makes the agent that a spec describes. Throws what its constructor throws, std::out_of_range for a kind that is
  /// not there.
  [[nodiscard]] std::unique_ptr<agent> make(const agent_spec& spec) const;

private:
  struct entry {
    kind_info info;
    factory make;
  };
  std::map<std::string, entry> kinds_;
};

} // namespace avp
