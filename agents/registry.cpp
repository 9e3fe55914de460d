// The kinds that ship, and those that users add.
#include "agents/registry.hpp"

#include <stdexcept>

#include "agents/best_of_agent.hpp"
#include "agents/generate_agent.hpp"
#include "agents/refine_agent.hpp"
#include "agents/route_agent.hpp"
#include "agents/think_agent.hpp"
#include "agents/vote_agent.hpp"

namespace avp {

registry::registry() {
  add<think_agent>({.name = "think", .answers = false, .options = std::vector<option_info>{}});
  add<generate_agent>({.name = "generate", .options = std::vector<option_info>{}});
  add<vote_agent>(vote_agent::info());
  add<best_of_agent>(best_of_agent::info());
  add<route_agent>(route_agent::info());
  add<refine_agent>(refine_agent::info());
}

void registry::add(const kind_info& kind, factory make) {
  if (!kinds_.try_emplace(kind.name, entry{kind, std::move(make)}).second)
    throw std::invalid_argument("agent kind '" + kind.name + "' is registered already; choose another name");
}

std::vector<kind_info> registry::kinds() const {
  std::vector<kind_info> all;
  for (const auto& [name, known] : kinds_)
    all.push_back(known.info);
  return all;
}

std::unique_ptr<agent> registry::make(const agent_spec& spec) const { return kinds_.at(spec.kind).make(spec); }

} // namespace avp
