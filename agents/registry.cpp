// The kinds that ship, and those that users add.
#include <stdexcept>

#include <avp/agents/generate_agent.hpp>
#include <avp/agents/registry.hpp>
#include <avp/agents/think_agent.hpp>

namespace avp {

registry::registry() {
  add({"think", false}, [](const agent_spec&) { return std::make_unique<think_agent>(); });
  add<generate_agent>("generate");
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
