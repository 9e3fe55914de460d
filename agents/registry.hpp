// The kinds of agents that a pipeline file can name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <avp/agents/agent.hpp>

namespace avp {

/// What the loader has to know about a kind.
struct kind_info {
  std::string name;
  bool answers = true; ///< Whether it makes text in latent mode; "think" does not.
};

/// Agent kinds by name. A new one has the shipped kinds.
class registry {
public:
  using factory = std::function<std::unique_ptr<agent>(const agent_spec&)>;

  /// Knows "think" and "generate".
  registry();

  /// Adds a kind. Throws std::invalid_argument when the name is taken.
  void add(const kind_info& kind, factory make);

  /// Adds a kind whose class has a default constructor, or one that takes the agent_spec.
  template <class Agent>
  void add(const std::string& name) {
    add({name}, [](const agent_spec& spec) -> std::unique_ptr<agent> {
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
